import { readAnnotatedProfiles } from './annotated-profiles.ts'
import * as fields from './annotation-fields.ts'
import {
  type AnnotationReader,
  type AnnotationSource,
  createAnnotationReader,
  isWrong,
  type WrongValue,
} from './annotation-reader.ts'
import { type Ask, openAccess } from './ask.ts'
import type { Drop, Problem } from './decision.ts'
import { ownPrefix } from './keep-annotations.ts'
import type { TargetSettings } from './settings.ts'

export const annotationOwner = 'annotations'

/** What annotations, of whichever vocabulary, come to. */
export interface Annotated {
  readonly asks: readonly Ask[]
  readonly drops: readonly Drop[]
  readonly problems: readonly Problem[]
}

/** What a pod with `conprof.io/scrape: "true"`, or in such a namespace, asks for. `sources`: the pod's come first. */
export function readAnnotations(sources: readonly AnnotationSource[], settings: TargetSettings): Annotated {
  const reader = createAnnotationReader(sources)
  const { intervalMs, profiles, ports } = readAnnotatedProfiles(reader, settings)
  const scheme = reader.essential(`${ownPrefix}scheme`, fields.scheme)
  const containers = reader.essential(`${ownPrefix}container`, fields.containerList)
  const prefix = readPrefix(reader)
  const timeout = reader.cosmetic(`${ownPrefix}timeout`, fields.timeout)
  const job = reader.cosmetic(`${ownPrefix}job`, fields.label)
  const service = reader.cosmetic(`${ownPrefix}service-name`, fields.label)
  const portList = readPorts(reader)
  if (timeout !== undefined && timeout.value > intervalMs) {
    reader.problem(timeout, 'longer than the interval, which is used instead')
  }
  if (isWrong(scheme) || isWrong(containers) || isWrong(prefix)) {
    const wrong = [scheme, containers, prefix].filter((value) => isWrong(value))
    return { asks: [], drops: wrong.map((value) => annotationDrop(value)), problems: reader.problems }
  }

  const common: Omit<Ask, 'port' | 'profiles'> = {
    owner: annotationOwner,
    endpoint: undefined,
    containers: containers?.value ?? [],
    jobName: job?.value ?? annotationOwner,
    scheme: scheme?.value ?? 'http',
    pathPrefix: prefix?.value ?? '',
    intervalMs,
    timeoutMs: Math.min(timeout?.value ?? settings.defaults.timeoutMs, intervalMs),
    access: openAccess,
    mesh: 'auto',
    labels: service === undefined ? {} : { service_name: service.value },
    podTargetLabels: [],
  }
  const asks: Ask[] = []
  const drops: Drop[] = []
  const shared = profiles.filter(({ type }) => !ports.has(type))
  for (const { port, wrong } of portList) {
    if (wrong !== undefined) drops.push(annotationDrop({ wrong }, { port: port ?? '' }))
    else if (shared.length > 0)
      asks.push({ ...common, port, profiles: shared, keys: keysWith(`${ownPrefix}port`) })
  }
  for (const profile of profiles) {
    const port = ports.get(profile.type)
    if (port === undefined) continue
    if (isWrong(port)) drops.push(annotationDrop(port, { profileType: profile.type }))
    else asks.push({ ...common, port: port.value, profiles: [profile], keys: keysWith(port.key) })
  }
  if (profiles.length === 0) {
    drops.push({ ...annotationDrop({ wrong: 'no profile type is enabled' }), code: 'NoProfiles' })
  }
  return { asks, drops, problems: reader.problems }
}

function keysWith(port: string): NonNullable<Ask['keys']> {
  return { port, container: `${ownPrefix}container` }
}

/** A drop for a value that is wrong. */
export function annotationDrop({ wrong }: WrongValue, about: Partial<Drop> = {}): Drop {
  return {
    owner: annotationOwner,
    port: '',
    container: '',
    profileType: '',
    code: 'InvalidAnnotation',
    reason: wrong,
    ...about,
  }
}

/** One entry for each target; the port is undefined where it is to be guessed. */
function readPorts(
  reader: AnnotationReader,
): readonly { readonly port: string | undefined; readonly wrong?: string }[] {
  const list = reader.essential(`${ownPrefix}port`, fields.portList)
  if (list === undefined) return [{ port: undefined }]
  if (isWrong(list)) return [{ port: undefined, wrong: list.wrong }]
  return list.value.map((port) => {
    if (fields.isPort(port)) return { port }
    const says = `want ${fields.port.wanted}; nothing is scraped there until it is right`
    return { port: port.slice(0, 63), wrong: reader.problem({ ...list, text: port }, says) }
  })
}

function readPrefix(reader: AnnotationReader): { readonly value: string } | WrongValue | undefined {
  const prefix = reader.essential(`${ownPrefix}path`, fields.pathPrefix)
  if (prefix === undefined || isWrong(prefix)) return prefix
  const value = prefix.value.replace(/\/debug\/pprof(?:\/.*)?$/, '')
  if (value !== prefix.value) {
    // Nobody has pprof at /debug/pprof/debug/pprof, but many take this for the whole path.
    const instead = value === '' ? 'leave it out' : `want ${value}`
    reader.problem(prefix, `/debug/pprof and the name of each profile are appended anyway; ${instead}`)
  }
  return { value }
}
