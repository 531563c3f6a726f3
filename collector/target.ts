import { formatDuration, parseDuration } from '../lib/duration.ts'
import { type Labels, labelsHash, sortLabels } from '../profile/labels.ts'
import type { HttpClientConfig, PprofTypeConfig, Scheme, ScrapeConfig } from './config/scrape-config.ts'
import type { TargetGroup } from './discovery/target-group.ts'
import { createRelabel, type Relabel } from './relabel/relabel.ts'
import type { TargetFacts } from './target-facts.ts'

/** One profile type of one process: what a scrape loop scrapes. */
export interface Target {
  /** The same after a reload as long as labels and URL are; settings such as the interval may differ. */
  readonly key: string
  readonly job: string
  readonly profileType: string
  /** The series: what is stored and queried. */
  readonly labels: Labels
  /** Before relabelling, `__meta_*` and all, for the targets page. */
  readonly discoveredLabels: Labels
  /** With parameters, `seconds` among them where the type has any. */
  readonly url: string
  readonly scheme: Scheme
  /** `host:port`: the types of one address share a process, so their scrapes take turns. */
  readonly address: string
  readonly seconds?: number
  readonly intervalMs: number
  /** How long a scrape may take in all: `seconds` and the scrape timeout together. */
  readonly timeoutMs: number
  readonly keepEmpty: boolean
  readonly http: HttpClientConfig
  readonly facts?: TargetFacts
}

/** What a job has now. */
export interface JobTargets {
  readonly active: readonly Target[]
  readonly dropped: readonly DroppedTarget[]
}

export interface DroppedTarget {
  readonly job: string
  readonly profileType: string
  readonly discoveredLabels: Labels
  readonly reason: string
}

/** Multiplies each target of the group by the job's profile types, relabels, and makes what is left scrapable. */
export function targetsOf(
  group: TargetGroup,
  scrapeConfig: ScrapeConfig,
  externalLabels: Labels,
): JobTargets {
  const relabel = createRelabel(scrapeConfig.relabelRules)
  const active = new Map<string, Target>()
  const dropped: DroppedTarget[] = []
  for (const [place, own] of group.targets.entries()) {
    const facts = group.facts?.[place]
    for (const type of scrapeConfig.profileTypes) {
      const discoveredLabels = discover({ ...group.labels, ...own }, type, scrapeConfig)
      const target = createTarget(discoveredLabels, { type, scrapeConfig, externalLabels, relabel, facts })
      if (typeof target === 'string') {
        const { jobName: job } = scrapeConfig
        dropped.push({ job, profileType: type.type, discoveredLabels, reason: target })
      } else active.set(target.key, target)
    }
  }
  return { active: [...active.values()], dropped }
}

/** The labels that rules see: what the job says, unless discovery says otherwise. */
function discover(
  found: Readonly<Record<string, string>>,
  { type, path, seconds }: PprofTypeConfig,
  scrapeConfig: ScrapeConfig,
): Labels {
  const labels: Record<string, string> = {
    job: scrapeConfig.jobName,
    __scheme__: scrapeConfig.scheme,
    __scrape_interval__: formatDuration(scrapeConfig.intervalMs),
    __scrape_timeout__: formatDuration(scrapeConfig.timeoutMs),
  }
  for (const [name, values] of Object.entries(scrapeConfig.params)) {
    if (values[0] !== undefined) labels[`__param_${name}`] = values[0]
  }
  if (seconds !== undefined) labels['__param_seconds'] = String(seconds)
  // The type's own come last, as what discovery says holds for all types of its target.
  return sortLabels(Object.entries({ ...labels, ...found, __profile_path__: path, __profile_type__: type }))
}

/** A target, or why it is none. */
function createTarget(
  discoveredLabels: Labels,
  context: {
    readonly type: PprofTypeConfig
    readonly scrapeConfig: ScrapeConfig
    readonly externalLabels: Labels
    readonly relabel: Relabel
    readonly facts: TargetFacts | undefined
  },
): Target | string {
  const { type, scrapeConfig, externalLabels, facts } = context
  const relabelled = context.relabel(discoveredLabels)
  if (relabelled === undefined) return 'dropped by relabel_configs'
  const labels = withProtected(relabelled, discoveredLabels, scrapeConfig.protectedLabels ?? [])

  const scheme = labels['__scheme__']
  if (scheme !== 'http' && scheme !== 'https') {
    return `__scheme__ is ${JSON.stringify(scheme ?? '')}: want http or https`
  }
  const address = addressOf(labels['__address__'] ?? '', scheme)
  if (address === undefined) {
    return `__address__ is ${JSON.stringify(labels['__address__'] ?? '')}: want host:port`
  }
  const path = labels['__profile_path__']
  if (path === undefined) return '__profile_path__ is empty'
  const timing = timingOf(labels, type)
  if (typeof timing === 'string') return timing

  const url = `${scheme}://${address}${path.startsWith('/') ? '' : '/'}${path}${queryOf(labels, scrapeConfig, timing.seconds)}`
  if (!URL.canParse(url)) return `address and path make no URL: ${url}`
  const profileType = labels['profile_type'] ?? labels['__profile_type__'] ?? type.type
  const series = seriesLabels(labels, {
    job: scrapeConfig.jobName,
    instance: address,
    profile_path: path,
    profile_type: profileType,
    externalLabels,
  })
  return {
    key: `${labelsHash(series)} ${url}`,
    job: scrapeConfig.jobName,
    profileType,
    labels: series,
    discoveredLabels,
    url,
    scheme,
    address,
    ...timing,
    keepEmpty: type.keepEmpty,
    http: scrapeConfig.http,
    ...(facts !== undefined && { facts }),
  }
}

/** Whatever the rules did to a protected label, it is as it was, and not there where it was not. */
function withProtected(relabelled: Labels, before: Labels, names: readonly string[]): Labels {
  if (names.length === 0) return relabelled
  const labels = new Map(Object.entries(relabelled))
  for (const name of names) {
    const value = before[name]
    if (value === undefined) labels.delete(name)
    else labels.set(name, value)
  }
  return sortLabels(labels)
}

function seriesLabels(
  labels: Labels,
  {
    externalLabels,
    ...defaults
  }: {
    readonly job: string
    readonly instance: string
    readonly profile_path: string
    readonly profile_type: string
    readonly externalLabels: Labels
  },
): Labels {
  const kept = Object.entries(labels).filter(([name]) => !name.startsWith('__'))
  const series = { ...externalLabels, ...defaults, ...Object.fromEntries(kept) }
  return sortLabels(Object.entries({ service_name: series.job, ...series }))
}

function timingOf(
  labels: Labels,
  type: PprofTypeConfig,
): { readonly intervalMs: number; readonly timeoutMs: number; readonly seconds?: number } | string {
  const intervalMs = durationOf(labels, '__scrape_interval__')
  if (typeof intervalMs === 'string') return intervalMs
  const timeoutMs = durationOf(labels, '__scrape_timeout__')
  if (typeof timeoutMs === 'string') return timeoutMs
  if (timeoutMs > intervalMs) return '__scrape_timeout__ is longer than __scrape_interval__'
  if (type.seconds === undefined) return { intervalMs, timeoutMs }
  const text = labels['__param_seconds'] ?? String(type.seconds)
  const seconds = Number(text)
  if (!/^\d+$/.test(text) || seconds === 0) {
    return `__param_seconds is ${JSON.stringify(text)}: want a whole number above 0`
  }
  if (seconds * 1000 + marginMs > intervalMs) {
    return `__param_seconds ${seconds} and ${marginMs / 1000} s do not fit into __scrape_interval__ ${formatDuration(intervalMs)}`
  }
  return { intervalMs, timeoutMs: timeoutMs + seconds * 1000, seconds }
}

function durationOf(labels: Labels, name: string): number | string {
  const text = labels[name] ?? ''
  try {
    const durationMs = parseDuration(text)
    return durationMs > 0 ? durationMs : `${name} is ${JSON.stringify(text)}: want more than 0`
  } catch (error) {
    return `${name}: ${(error as Error).message}`
  }
}

/** `host:port`, the scheme's port where none is given; undefined for what is no address. */
function addressOf(text: string, scheme: Scheme): string | undefined {
  if (!/^(?:[^\s/@?#:[\]\\]+|\[[0-9a-fA-F:.%]+\])(?::\d{1,5})?$/.test(text)) return undefined
  if (!URL.canParse(`${scheme}://${text}`)) return undefined
  return /:\d+$/.test(text.replace(/^\[.*\]/, '')) ? text : `${text}:${scheme === 'https' ? 443 : 80}`
}

/** A parameter's label stands for its first value, the other values come from the job. */
function queryOf(labels: Labels, { params }: ScrapeConfig, seconds: number | undefined): string {
  const query = new URLSearchParams()
  for (const [label, value] of Object.entries(labels)) {
    const name = label.startsWith('__param_') ? label.slice('__param_'.length) : ''
    // Go answers a difference over that time where `seconds` reaches a heap, which would be stored as the heap.
    if (name === '' || (name === 'seconds' && seconds === undefined)) continue
    query.append(name, value)
    for (const more of params[name]?.slice(1) ?? []) query.append(name, more)
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

const marginMs = 5000
