import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import * as fields from './annotation-fields.ts'
import { createAnnotationReader, isWrong } from './annotation-reader.ts'
import { type Annotated, annotationDrop, annotationOwner } from './annotations.ts'
import { type Ask, openAccess } from './ask.ts'
import type { Drop } from './decision.ts'
import { capSeconds, neededMs } from './fit-profiles.ts'
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
    if (scrape === undefined || (!isWrong(scrape) && !scrape.value)) continue
    const profile = Object.hasOwn(types, name) ? types[name] : undefined
    if (profile === undefined) {
      const says = `conprof has no ${name.slice(0, 63)}: want one of ${Object.keys(types).join(', ')}${hintOf(name)}`
      reader.problem({ key, text: pod.annotations[key] ?? '', place: '' }, says)
      continue
    }
    const keyOf = (field: string) => `${grafanaPrefix}${name}.${field}`
    const port =
      reader.essential(keyOf('port_name'), fields.port) ?? reader.essential(keyOf('port'), fields.port)
    const scheme = reader.essential(keyOf('scheme'), fields.scheme)
    const container = reader.essential(keyOf('container'), fields.containerList)
    if (isWrong(scrape) || isWrong(port) || isWrong(scheme) || isWrong(container)) {
      const wrong = [scrape, port, scheme, container].filter((value) => isWrong(value))
      drops.push(...wrong.map((value) => annotationDrop(value, { profileType: profile.type })))
      continue
    }
    const path = reader.cosmetic(keyOf('path'), fields.path)
    asks.push({
      owner: annotationOwner,
      endpoint: undefined,
      port: port?.value,
      containers: container?.value ?? [],
      keys: { port: port?.key ?? keyOf('port'), container: keyOf('container') },
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
  // Timed types take turns, and the default interval was chosen without them.
  const fittingMs = Math.max(intervalMs, neededMs(asks.flatMap(({ profiles }) => profiles)))
  return {
    asks: asks.map((ask) => ({ ...ask, intervalMs: fittingMs })),
    drops,
    problems: reader.problems,
  }
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
