import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import * as fields from './annotation-fields.ts'
import { createAnnotationReader } from './annotation-reader.ts'
import { type Annotated, annotationOwner } from './annotations.ts'
import { type Ask, openAccess } from './ask.ts'
import type { Drop } from './decision.ts'
import { capSeconds } from './fit-profiles.ts'
import { grafanaPrefix } from './keep-annotations.ts'
import type { PodView } from './pod-view.ts'
import type { TargetSettings } from './settings.ts'

/** Whether the pod has annotations of Grafana's that ask for a scrape. */
export function hasGrafanaAnnotations(pod: PodView): boolean {
  return Object.keys(pod.annotations).some((key) => key.startsWith(grafanaPrefix) && key.endsWith('.scrape'))
}

/**
 * What `profiles.grafana.com/<type>.{scrape,port,port_name,scheme,path,container}` ask for, each type for itself.
 * Other keys of that prefix are another program's business.
 */
export function readGrafanaAnnotations(pod: PodView, settings: TargetSettings): Annotated {
  const reader = createAnnotationReader([{ place: '', values: pod.annotations }])
  const service = reader.cosmetic(`${grafanaPrefix}service_name`, fields.label)
  const asks: Ask[] = []
  const drops: Drop[] = []
  const { intervalMs: defaultMs, timeoutMs } = settings.defaults
  const intervalMs = Math.max(defaultMs, settings.limits.perNamespace.minIntervalMs)
  for (const key of Object.keys(pod.annotations).sort()) {
    if (!key.startsWith(grafanaPrefix) || !key.endsWith('.scrape')) continue
    const name = key.slice(grafanaPrefix.length, -'.scrape'.length)
    const scrape = reader.essential(key, fields.flag)
    if (scrape === undefined || (scrape !== 'wrong' && !scrape.value)) continue
    const profile = Object.hasOwn(types, name) ? types[name] : undefined
    if (profile === undefined) {
      const says = `conprof has no ${name.slice(0, 63)}: want one of ${Object.keys(types).join(', ')}${hintOf(name)}`
      reader.problem({ key, text: pod.annotations[key] ?? '', place: '' }, says)
      continue
    }
    const keyOf = (field: string) => `${grafanaPrefix}${name}.${field}`
    const found = {
      scrape,
      port: reader.essential(keyOf('port_name'), fields.port) ?? reader.essential(keyOf('port'), fields.port),
      scheme: reader.essential(keyOf('scheme'), fields.scheme),
      container: reader.essential(keyOf('container'), fields.containerList),
    }
    const { port, scheme, container } = found
    if (found.scrape === 'wrong' || port === 'wrong' || scheme === 'wrong' || container === 'wrong') {
      const [field] = Object.entries(found).find(([, value]) => value === 'wrong') ?? []
      const reason = `annotation ${keyOf(field ?? '')} is wrong, see its problem`
      const { type: profileType } = profile
      drops.push({
        owner: annotationOwner,
        port: '',
        container: '',
        profileType,
        code: 'InvalidAnnotation',
        reason,
      })
      continue
    }
    const path = reader.cosmetic(keyOf('path'), fields.path)
    asks.push({
      owner: annotationOwner,
      endpoint: undefined,
      port: port?.value,
      containers: container?.value ?? [],
      jobName: annotationOwner,
      scheme: scheme?.value ?? 'http',
      pathPrefix: '',
      intervalMs,
      timeoutMs: Math.min(timeoutMs, intervalMs),
      profiles: capSeconds(
        [{ ...profile, path: path?.value ?? profile.path }],
        settings.limits.perNamespace.maxSeconds,
      ),
      access: openAccess,
      mesh: 'auto',
      labels: service === undefined ? {} : { service_name: service.value },
      podTargetLabels: [],
    })
  }
  return { asks, drops, problems: reader.problems }
}

function hintOf(name: string): string {
  return name.startsWith('godeltaprof_')
    ? '; differences are computed from memory, block and mutex, so the program needs no godeltaprof'
    : ''
}

/** Their names, our types. */
const types: Readonly<Record<string, PprofTypeConfig>> = {
  block: { type: 'block', path: '/debug/pprof/block', keepEmpty: false },
  cpu: { type: 'cpu', path: '/debug/pprof/profile', seconds: 10, keepEmpty: true },
  fgprof: { type: 'fgprof', path: '/debug/fgprof', seconds: 10, keepEmpty: true },
  goroutine: { type: 'goroutine', path: '/debug/pprof/goroutine', keepEmpty: true },
  memory: { type: 'heap', path: '/debug/pprof/heap', keepEmpty: true },
  mutex: { type: 'mutex', path: '/debug/pprof/mutex', keepEmpty: false },
}
