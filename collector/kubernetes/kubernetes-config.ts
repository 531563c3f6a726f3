import { parseDuration } from '../../lib/duration.ts'
import type { Labels } from '../../profile/labels.ts'
import type { HttpClientConfig, ScrapeConfig } from '../config/scrape-config.ts'
import {
  protectedLabels,
  type ScrapeConfigGroup,
  type ScrapeConfigJob,
  type ScrapeConfigSpec,
  type ScrapeConfigTarget,
  scrapeConfigSpec,
} from '../config/scrape-config-resource.ts'
import { createRelabelRule, type RelabelFields, relabelActions } from '../relabel/relabel-rule.ts'
import { type JobTargets, targetsOf } from '../target.ts'
import type { TargetFacts } from '../target-facts.ts'

/** Of the shard's Secret: text by key. */
export type Credentials = ReadonlyMap<string, string>

/** Beside those that the contract names: what binds a tenant must not be a rule away. */
const protectedSettings = ['__scrape_interval__', '__scrape_timeout__', '__param_seconds']

/** Throws, in one line, what is wrong with the spec of a ScrapeConfig object. */
export function readScrapeConfigSpec(value: unknown): ScrapeConfigSpec {
  const parsed = scrapeConfigSpec.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new SyntaxError(`${issue?.path.join('.') || 'spec'}: ${issue?.message}`)
  }
  // Durations and rules are texts to zod.
  scrapeConfigOf('', parsed.data, { credentials: new Map(), externalLabels: {} })
  return parsed.data
}

/** The keys of the credentials that the spec's targets cannot be scraped without. */
export function credentialKeys({ authorization, basicAuth, tls }: ScrapeConfigJob): string[] {
  const keys = [
    authorization?.credentialsKey,
    basicAuth?.usernameKey,
    basicAuth?.passwordKey,
    tls?.caKey,
    tls?.certKey,
    tls?.keyKey,
  ]
  return keys.filter((key) => key !== undefined)
}

export interface KubernetesContext {
  readonly credentials: Credentials
  readonly externalLabels: Labels
}

/** What one object wants scraped. Where a credential is not there its targets are dropped, and say so. */
export function targetsOfSpec(name: string, spec: ScrapeConfigSpec, context: KubernetesContext): JobTargets {
  const group = {
    source: name,
    labels: {},
    targets: spec.groups.flatMap(({ labels, targets }) =>
      targets.map((target) => ({ ...labels, ...target.labels, __address__: target.address })),
    ),
    facts: spec.groups.flatMap((group) => group.targets.map((target) => factsOf(spec.job, group, target))),
  }
  const found = targetsOf(group, scrapeConfigOf(name, spec, context), context.externalLabels)
  const missing = credentialKeys(spec.job).find((key) => !context.credentials.has(key))
  if (missing === undefined) return found
  const reason = `its credentials are not there: no key ${JSON.stringify(missing)} in the shard's Secret`
  const without = found.active.map(({ job, profileType, discoveredLabels }) => ({
    job,
    profileType,
    discoveredLabels,
    reason,
  }))
  return { active: [], dropped: [...found.dropped, ...without] }
}

function scrapeConfigOf(
  name: string,
  { job }: ScrapeConfigSpec,
  { credentials, externalLabels }: KubernetesContext,
): ScrapeConfig {
  const prefix = job.pathPrefix.replace(/\/+$/, '')
  return {
    jobName: job.jobName,
    intervalMs: parseDuration(job.interval),
    timeoutMs: parseDuration(job.timeout),
    scheme: job.scheme,
    params: job.params ?? {},
    http: httpOf(job, credentials),
    profileTypes: job.profiles.map(({ type, path, seconds, keepEmpty }) => ({
      type,
      path: prefix + path,
      ...(seconds !== undefined && { seconds }),
      keepEmpty,
    })),
    staticGroups: [],
    fileSdConfigs: [],
    httpSdConfigs: [],
    relabelRules: (job.relabelings ?? []).map((fields, index) => relabelRuleOf(name, fields, index)),
    protectedLabels: [...protectedLabels, ...protectedSettings, ...Object.keys(externalLabels)],
  }
}

function relabelRuleOf(
  name: string,
  fields: NonNullable<ScrapeConfigJob['relabelings']>[number],
  index: number,
) {
  const action = fields.action?.toLowerCase()
  try {
    if (action !== undefined && !(relabelActions as readonly string[]).includes(action)) {
      throw new SyntaxError(`action ${JSON.stringify(action)}: want ${relabelActions.join(', ')}`)
    }
    const given = Object.entries({ ...fields, action }).filter(([, value]) => value !== undefined)
    return createRelabelRule(Object.fromEntries(given) as RelabelFields)
  } catch (error) {
    const where = name === '' ? '' : `${name}: `
    throw new SyntaxError(`${where}job.relabelings.${index}: ${(error as Error).message}`, { cause: error })
  }
}

/** No redirects: a program that is scraped must not choose what else in the cluster is asked. */
function httpOf(
  { authorization, basicAuth, tls }: ScrapeConfigJob,
  credentials: Credentials,
): HttpClientConfig {
  const text = (key: string | undefined) => (key === undefined ? undefined : credentials.get(key))
  const optional = <Name extends string>(name: Name, value: string | undefined) =>
    (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: string }
  return {
    ...(authorization !== undefined && {
      authorization: {
        type: authorization.type,
        ...optional('credentials', text(authorization.credentialsKey)),
      },
    }),
    ...(basicAuth !== undefined && {
      basicAuth: {
        username: text(basicAuth.usernameKey)?.trim() ?? '',
        ...optional('password', text(basicAuth.passwordKey)),
      },
    }),
    tls: {
      ...optional('ca', text(tls?.caKey)),
      ...optional('cert', text(tls?.certKey)),
      ...optional('key', text(tls?.keyKey)),
      ...optional('serverName', tls?.serverName),
      insecureSkipVerify: tls?.insecureSkipVerify ?? false,
    },
    followRedirects: false,
  }
}

function factsOf(
  { owner, endpoint = '' }: ScrapeConfigJob,
  { image, memoryLimitBytes, cpuLimitMillicores, mesh }: ScrapeConfigGroup,
  { process, startAfterMs }: ScrapeConfigTarget,
): TargetFacts {
  return {
    owner,
    endpoint,
    process: {
      containerId: process?.containerId ?? '',
      restartCount: process?.restartCount ?? 0,
      startTimeMs: process?.startTimeMs ?? 0,
      image: image ?? '',
      memoryLimitBytes: memoryLimitBytes ?? 0,
      cpuLimitMillicores: cpuLimitMillicores ?? 0,
    },
    ...(startAfterMs !== undefined && { startAfterMs }),
    ...(mesh !== undefined && { meshRemedy: mesh.remedy }),
  }
}
