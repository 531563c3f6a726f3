import type { Counter, Registry } from 'prom-client'
import { sharedCounter, sharedReadGauge, sum } from './shared-metrics.ts'

export interface ListWatchMetrics {
  readonly restarts: Counter<'kind' | 'reason'>
  readonly relists: Counter<'kind'>
  readonly drift: Counter<'kind'>
  readonly parseErrors: Counter<'kind'>
  readonly projectionErrors: Counter<'kind'>
  /** Takes back what is read from this one. */
  end(): void
}

/** Several may be of one kind, as of several namespaces. */
export function createListWatchMetrics(
  registry: Registry,
  kind: string,
  read: {
    readonly objects: () => number
    readonly lastActivityMs: () => number
    readonly isStuck: () => boolean
  },
): ListWatchMetrics {
  const counter = (name: string, help: string) => {
    const found = sharedCounter(registry, { name, help, labelNames: ['kind'] })
    // There from the start: an alert on an increase must see the first one.
    found.inc({ kind }, 0)
    return found
  }
  const ends = [
    sharedReadGauge(registry, {
      name: 'conprof_kube_objects',
      help: 'Objects that are followed.',
      label: 'kind',
      combine: sum,
    }).add(kind, read.objects),
    sharedReadGauge(registry, {
      name: 'conprof_kube_watch_last_activity_seconds',
      help: 'Time since the last page or event.',
      label: 'kind',
      combine: (values) => Math.max(...values),
    }).add(kind, () => (performance.now() - read.lastActivityMs()) / 1000),
    sharedReadGauge(registry, {
      name: 'conprof_kube_watch_stuck',
      help: 'Whether nothing comes although the API server answers.',
      label: 'kind',
      combine: (values) => Math.max(...values),
    }).add(kind, () => Number(read.isStuck())),
  ]
  return {
    restarts: sharedCounter(registry, {
      name: 'conprof_kube_watch_restarts_total',
      help: 'Lists and watches that ended and were begun again.',
      labelNames: ['kind', 'reason'],
    }),
    relists: counter(
      'conprof_kube_relists_total',
      'Complete lists, the first and those for insurance among them.',
    ),
    drift: counter(
      'conprof_kube_drift_total',
      'Changes that a list showed and the watch had lost; always a defect.',
    ),
    parseErrors: counter('conprof_kube_parse_errors_total', 'Lines of a watch that could not be read.'),
    projectionErrors: counter(
      'conprof_kube_projection_errors_total',
      'Objects that the program could not digest.',
    ),
    end: () => {
      for (const end of ends) end()
    },
  }
}
