import { createHash } from 'node:crypto'
import { readProfileTypes } from '../../collector/config/profile-types.ts'
import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import type { ScrapeConfigJob } from '../../collector/config/scrape-config-resource.ts'
import type { Endpoint, ProfileTargetSpec, SecretKeyRef } from '../api/profile-target.ts'
import type { ProfileTargetView } from '../api/read-profile-target.ts'
import type { Access, Ask } from './ask.ts'
import { canonicalJson } from './canonical-json.ts'
import type { CredentialSource, Owner, Problem } from './decision.ts'
import { capSeconds, limitReason, neededMs, needText } from './fit-profiles.ts'
import { compileLabelSelector, type LabelMatcher } from './match-labels.ts'
import { createProblem } from './problem.ts'
import { labelPair } from './select-pods.ts'
import type { TargetSettings } from './settings.ts'
import { readShortDuration, writeShortDuration } from './short-duration.ts'

/** A ProfileTarget that may have targets, made ready for deciding about many pods. */
export interface AcceptedProfileTarget {
  readonly owner: Owner
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly createdMs: number
  /** One for each endpoint. */
  readonly asks: readonly Ask[]
  /** 0 where there is no limit. */
  readonly maxTargets: number
  /** Where its pods may be; undefined for everywhere. */
  readonly namespaces: readonly string[] | undefined
  readonly matchesNamespace: LabelMatcher | undefined
  readonly matchesPod: LabelMatcher
  /** `key=value` that all of its pods have. */
  readonly requiredLabels: readonly string[]
  /** What the namespace's limits changed. */
  readonly problems: readonly Problem[]
}

export type AcceptanceReason = 'InvalidSpec' | 'CrossNamespaceForbidden' | 'Suspended'

export type Acceptance =
  | { readonly accepted: AcceptedProfileTarget }
  | { readonly accepted?: never; readonly reason: AcceptanceReason; readonly message: string }

/** Whether a ProfileTarget gets targets at all, from itself and the operator's settings. Never throws. */
export function acceptProfileTarget(view: ProfileTargetView, settings: TargetSettings): Acceptance {
  const { namespace, name, uid, createdMs, spec } = view
  if (spec === undefined)
    return { reason: 'InvalidSpec', message: view.problems.join('; ') || 'spec: missing' }
  if (spec.suspend) return { reason: 'Suspended', message: 'spec.suspend is true' }
  const forbidden = settings.allowCrossNamespace ? undefined : crossNamespaces(spec, namespace)
  if (forbidden !== undefined) return { reason: 'CrossNamespaceForbidden', message: forbidden }
  const owner = ownerOf(view)
  const problems: Problem[] = []
  try {
    const asks = spec.endpoints.map((endpoint, index) =>
      readEndpoint(endpoint, { field: `spec.endpoints[${index}]`, owner, view, spec, settings, problems }),
    )
    return {
      accepted: {
        owner,
        namespace,
        name,
        uid,
        createdMs,
        asks,
        maxTargets: spec.limits?.maxTargets ?? 0,
        ...readNamespaces(spec, namespace),
        matchesPod: compileLabelSelector(spec.selector),
        requiredLabels: Object.entries(spec.selector.matchLabels ?? {}).map(([k, v]) => labelPair(k, v)),
        problems,
      },
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { reason: 'InvalidSpec', message: error.message }
  }
}

export function ownerOf({ namespace, name }: { readonly namespace: string; readonly name: string }): Owner {
  return `ProfileTarget/${namespace}/${name}`
}

function crossNamespaces({ namespaceSelector = {} }: ProfileTargetSpec, own: string): string | undefined {
  const { any, matchNames = [], matchLabels = {}, matchExpressions = [] } = namespaceSelector
  const hint = 'only an operator with --allow-cross-namespace (allowCrossNamespace in the chart) allows that'
  if (any === true) return `spec.namespaceSelector.any: selects pods of other namespaces; ${hint}`
  const other = matchNames.find((name) => name !== own)
  if (other !== undefined) {
    return `spec.namespaceSelector.matchNames: ${JSON.stringify(other)} is not this namespace; ${hint}`
  }
  if (Object.keys(matchLabels).length > 0 || matchExpressions.length > 0) {
    return `spec.namespaceSelector: labels select other namespaces too; ${hint}`
  }
  return undefined
}

function readNamespaces(
  { namespaceSelector = {} }: ProfileTargetSpec,
  own: string,
): Pick<AcceptedProfileTarget, 'namespaces' | 'matchesNamespace'> {
  const { any, matchNames = [], ...labels } = namespaceSelector
  const hasLabels =
    Object.keys(labels.matchLabels ?? {}).length > 0 || (labels.matchExpressions ?? []).length > 0
  if (any === true) return { namespaces: undefined, matchesNamespace: undefined }
  const names = matchNames.length > 0 ? [...new Set(matchNames)] : undefined
  if (hasLabels) return { namespaces: names, matchesNamespace: compileLabelSelector(labels) }
  return { namespaces: names ?? [own], matchesNamespace: undefined }
}

interface EndpointContext {
  readonly field: string
  readonly owner: Owner
  readonly view: ProfileTargetView
  readonly spec: ProfileTargetSpec
  readonly settings: TargetSettings
  readonly problems: Problem[]
}

function readEndpoint(endpoint: Endpoint, context: EndpointContext): Ask {
  const { owner, view, spec, settings, field } = context
  const { perNamespace } = settings.limits
  const limited = (name: string, value: string, says: string) =>
    context.problems.push(
      createProblem({
        reason: limitReason,
        key: `${field}.${name}`,
        value,
        note: `${field}.${name}: ${value}: ${says}`,
      }),
    )
  const asked = readProfiles(endpoint, context)
  for (const { type, seconds = 0 } of asked) {
    if (perNamespace.maxSeconds > 0 && seconds > perNamespace.maxSeconds) {
      limited(
        'profiles',
        `${type} ${seconds}s`,
        `a namespace gets at most ${perNamespace.maxSeconds}s, which is used`,
      )
    }
  }
  const profiles = capSeconds(asked, perNamespace.maxSeconds)
  const intervalMs = readDuration(endpoint.interval, `${field}.interval`)
  if (neededMs(profiles) > intervalMs) {
    throw new SyntaxError(`${field}.interval: ${endpoint.interval}: ${needText(profiles)}`)
  }
  if (intervalMs < perNamespace.minIntervalMs) {
    const least = writeShortDuration(perNamespace.minIntervalMs)
    limited('interval', endpoint.interval, `a namespace gets no less than ${least}, which is used`)
  }
  const boundMs = Math.max(intervalMs, perNamespace.minIntervalMs)
  return {
    owner,
    endpoint: endpoint.name,
    port: endpoint.port,
    containers: endpoint.container === undefined ? [] : [endpoint.container],
    jobName: `${view.namespace}/${view.name}`,
    scheme: endpoint.scheme,
    pathPrefix: endpoint.pathPrefix,
    intervalMs: boundMs,
    // The collector takes none that is longer, and 10 s are the default of a 5 s interval too.
    timeoutMs: Math.min(readDuration(endpoint.timeout, `${field}.timeout`), boundMs),
    profiles,
    access: readAccess(endpoint, view.namespace),
    mesh: spec.mesh,
    labels: spec.labels ?? {},
    podTargetLabels: (spec.podTargetLabels ?? []).map((key) => ({ key, name: labelNameOf(key) })),
  }
}

/** The defaults with what the endpoint changes. */
function readProfiles(
  { profiles = [] }: Endpoint,
  { field, settings }: EndpointContext,
): readonly PprofTypeConfig[] {
  const given = new Map(Object.entries(settings.defaults.profileTypes))
  for (const { type, enabled, path, seconds } of profiles) {
    const before = given.get(type)
    given.set(type, { enabled, path: path ?? before?.path, seconds: seconds ?? before?.seconds })
  }
  const types = readProfileTypes(Object.fromEntries(given), {
    prefix: '',
    problem: ([type = ''], message) => {
      throw new SyntaxError(`${field}.profiles: ${type}: ${message}`)
    },
  })
  if (types.length > maxTypes) {
    throw new SyntaxError(
      `${field}.profiles: ${types.length} types are enabled, defaults among them: want at most ${maxTypes}`,
    )
  }
  return types
}

function readAccess(endpoint: Endpoint, namespace: string): Access {
  const credentials = new Map<string, CredentialSource>()
  const keyOf = (ref: SecretKeyRef): string => {
    const id = JSON.stringify([namespace, ref.name, ref.key])
    const key = createHash('sha256').update(id).digest('hex').slice(0, 16)
    credentials.set(key, { key, namespace, ref: { name: ref.name, key: ref.key } })
    return key
  }
  const { params, authorization, basicAuth, tls = endpoint.tlsConfig, relabelings } = endpoint
  const spec: Access['spec'] = {
    ...(params !== undefined && Object.keys(params).length > 0 && { params }),
    ...(authorization !== undefined && {
      authorization: { type: authorization.type, credentialsKey: keyOf(authorization.credentials) },
    }),
    ...(basicAuth !== undefined && {
      basicAuth: {
        usernameKey: keyOf(basicAuth.username),
        ...(basicAuth.password !== undefined && { passwordKey: keyOf(basicAuth.password) }),
      },
    }),
    ...(tls !== undefined && { tls: readTls(tls, keyOf) }),
    ...(relabelings !== undefined && relabelings.length > 0 && { relabelings }),
  }
  // In one order whatever order it was written in: equal settings have equal texts from here on.
  const sorted: Access['spec'] = JSON.parse(canonicalJson(spec))
  return { spec: sorted, credentials: [...credentials.values()].sort((a, b) => (a.key < b.key ? -1 : 1)) }
}

function readTls(
  { ca, cert, keySecret, serverName, insecureSkipVerify }: NonNullable<Endpoint['tls']>,
  keyOf: (ref: SecretKeyRef) => string,
): NonNullable<ScrapeConfigJob['tls']> {
  return {
    ...(ca !== undefined && { caKey: keyOf(ca.secret) }),
    ...(cert !== undefined && { certKey: keyOf(cert.secret) }),
    ...(keySecret !== undefined && { keyKey: keyOf(keySecret) }),
    ...(serverName !== undefined && { serverName }),
    ...(insecureSkipVerify !== undefined && { insecureSkipVerify }),
  }
}

function readDuration(text: string, field: string): number {
  const ms = readShortDuration(text)
  if (ms === undefined || ms === 0) throw new SyntaxError(`${field}: ${JSON.stringify(text)} is no duration`)
  return ms
}

/** `example.com/team` → `example_com_team`, as Prometheus does it. */
function labelNameOf(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/g, '_').slice(0, 127)
  return /^[0-9]/.test(name) ? `_${name}` : name
}

const maxTypes = 20
