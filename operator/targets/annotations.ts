import { nearestName } from '../../lib/nearest-name.ts'
import { readAnnotatedProfiles, splitTypeKey, typeFields } from './annotated-profiles.ts'
import * as fields from './annotation-fields.ts'
import { isPort } from './annotation-fields.ts'
import { type AnnotationReader, createAnnotationReader } from './annotation-reader.ts'
import { type Ask, openAccess } from './ask.ts'
import type { Drop, Problem } from './decision.ts'
import { ownPrefix, scrapeKey } from './keep-annotations.ts'
import type { NamespaceView, PodView } from './pod-view.ts'
import type { TargetSettings } from './settings.ts'

export const annotationOwner = 'annotations'

/** What annotations, of whichever vocabulary, come to. */
export interface Annotated {
  readonly asks: readonly Ask[]
  readonly drops: readonly Drop[]
  readonly problems: readonly Problem[]
}

/** `conprof.io/scrape`, as annotation or label: `wrong` where it is neither "true" nor "false". */
export type Wish = 'yes' | 'no' | 'none' | 'wrong'

export function scrapeWish(of: PodView | NamespaceView | undefined): Wish {
  const said = [of?.annotations[scrapeKey], of?.labels[scrapeKey]].filter((value) => value !== undefined)
  if (said.includes('false')) return 'no'
  if (said.some((value) => value !== 'true')) return 'wrong'
  return said.length > 0 ? 'yes' : 'none'
}

/** What is wrong with `conprof.io/scrape` and with keys that nobody knows. */
export function checkKeys(pod: PodView, namespace: NamespaceView | undefined): readonly Problem[] {
  const reader = createReader(pod, namespace)
  const readScrape = (of: PodView | NamespaceView, place: string) => {
    for (const [kind, values] of [
      ['', of.annotations],
      [' (a label)', of.labels],
    ] as const) {
      const text = values[scrapeKey]
      if (text === undefined || text === 'true' || text === 'false') continue
      const says = `want ${fields.flag.wanted}; nothing is scraped for it until it is right`
      reader.problem({ key: scrapeKey, text, place: `${kind}${place}` }, says)
    }
  }
  readScrape(pod, '')
  if (namespace !== undefined) readScrape(namespace, placeOf(namespace))
  for (const { values, place } of reader.sources) {
    for (const key of Object.keys(values).sort()) {
      const unknown = unknownKey(key)
      if (unknown !== undefined) {
        reader.problem({ key, text: values[key] ?? '', place }, `${unknown}; it is ignored`)
      }
    }
  }
  return reader.problems
}

/** What a pod with `conprof.io/scrape: "true"`, or in such a namespace, asks for. */
export function readAnnotations(
  pod: PodView,
  namespace: NamespaceView | undefined,
  settings: TargetSettings,
): Annotated {
  const reader = createReader(pod, namespace)
  const { intervalMs, profiles, ports } = readAnnotatedProfiles(reader, settings)
  const drops: Drop[] = []
  const drop = (about: { readonly port?: string; readonly profileType?: string }, key: string) => {
    const { port = '', profileType = '' } = about
    const reason = `annotation ${key} is wrong, see its problem`
    drops.push({
      owner: annotationOwner,
      port,
      container: '',
      profileType,
      code: 'InvalidAnnotation',
      reason,
    })
  }

  const scheme = reader.essential(`${ownPrefix}scheme`, fields.scheme)
  const containers = reader.essential(`${ownPrefix}container`, fields.containerList)
  const prefix = readPrefix(reader)
  const timeout = reader.cosmetic(`${ownPrefix}timeout`, fields.timeout)
  const job = reader.cosmetic(`${ownPrefix}job`, fields.label)
  const service = reader.cosmetic(`${ownPrefix}service-name`, fields.label)
  const portList = readPorts(reader, drop)
  for (const [name, value] of [
    ['scheme', scheme],
    ['container', containers],
    ['path', prefix],
  ] as const) {
    if (value === 'wrong') drop({}, `${ownPrefix}${name}`)
  }
  if (timeout !== undefined && timeout.value > intervalMs) {
    reader.problem(timeout, 'longer than the interval, which is used instead')
  }
  if (scheme === 'wrong' || containers === 'wrong' || prefix === 'wrong') {
    return { asks: [], drops, problems: reader.problems }
  }

  const common: Omit<Ask, 'port' | 'profiles'> = {
    owner: annotationOwner,
    endpoint: undefined,
    containers: containers?.value ?? [],
    jobName: job?.value ?? annotationOwner,
    scheme: scheme?.value ?? 'http',
    pathPrefix: prefix ?? '',
    intervalMs,
    timeoutMs: Math.min(timeout?.value ?? settings.defaults.timeoutMs, intervalMs),
    access: openAccess,
    mesh: 'auto',
    labels: service === undefined ? {} : { service_name: service.value },
    podTargetLabels: [],
  }
  const shared = profiles.filter(({ type }) => !ports.has(type))
  const asks: Ask[] =
    shared.length === 0 ? [] : portList.map((port) => ({ ...common, port, profiles: shared }))
  for (const profile of profiles) {
    const port = ports.get(profile.type)
    if (port === 'wrong') drop({ profileType: profile.type }, `${ownPrefix}${profile.type}.port`)
    else if (port !== undefined) asks.push({ ...common, port, profiles: [profile] })
  }
  if (profiles.length === 0) {
    const reason = 'no profile type is enabled'
    drops.push({
      owner: annotationOwner,
      port: '',
      container: '',
      profileType: '',
      code: 'NoProfiles',
      reason,
    })
  }
  return { asks, drops, problems: reader.problems }
}

/** One entry for each target; `[undefined]` where the port is to be guessed. */
function readPorts(
  reader: AnnotationReader,
  drop: (about: { readonly port: string }, key: string) => void,
): readonly (string | undefined)[] {
  const key = `${ownPrefix}port`
  const list = reader.essential(key, fields.portList)
  if (list === undefined) return [undefined]
  if (list === 'wrong') {
    drop({ port: '' }, key)
    return []
  }
  return list.value.filter((entry) => {
    if (isPort(entry)) return true
    reader.problem(
      { ...list, text: entry },
      `want ${fields.port.wanted}; nothing is scraped there until it is right`,
    )
    drop({ port: entry.slice(0, 63) }, key)
    return false
  })
}

function readPrefix(reader: AnnotationReader): string | 'wrong' | undefined {
  const prefix = reader.essential(`${ownPrefix}path`, fields.pathPrefix)
  if (prefix === undefined || prefix === 'wrong') return prefix
  const before = prefix.value.replace(/\/debug\/pprof$/, '')
  if (before === prefix.value) return before
  // Nobody has pprof at /debug/pprof/debug/pprof, but many take this for the whole path.
  reader.problem(
    prefix,
    `/debug/pprof is appended anyway; ${before === '' ? 'leave it out' : `want ${before}`}`,
  )
  return before
}

function unknownKey(key: string): string | undefined {
  if (!key.startsWith(ownPrefix)) return undefined
  const name = key.slice(ownPrefix.length)
  if (knownKeys.includes(name)) return undefined
  const [type, field] = splitTypeKey(key) ?? []
  if (type === undefined || field === undefined) {
    const near = nearestName(name, knownKeys)
    const guess =
      near === undefined ? `want one of ${knownKeys.join(', ')}` : `did you mean ${ownPrefix}${near}`
    return `no such annotation: ${guess}`
  }
  if (typeFields.some((known) => known === field)) return undefined
  const near = nearestName(field, typeFields)
  const guess =
    near === undefined
      ? `want one of ${typeFields.join(', ')} after the dot`
      : `did you mean ${ownPrefix}${type}.${near}`
  return `no such annotation: ${guess}`
}

function createReader(pod: PodView, namespace: NamespaceView | undefined): AnnotationReader {
  return createAnnotationReader([
    { place: '', values: pod.annotations },
    ...(namespace === undefined ? [] : [{ place: placeOf(namespace), values: namespace.annotations }]),
  ])
}

function placeOf(namespace: NamespaceView): string {
  return ` of namespace ${namespace.name}`
}

const knownKeys = [
  'scrape',
  'port',
  'path',
  'scheme',
  'container',
  'profiles',
  'interval',
  'timeout',
  'seconds',
  'job',
  'service-name',
]
