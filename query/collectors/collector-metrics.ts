import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** How asking a collector for its head ended. */
export const headResults = ['ok', 'silent', 'away', 'refused', 'unreadable', 'canceled'] as const
export type HeadResult = (typeof headResults)[number]

export interface CollectorMetrics {
  readonly headRequests: Counter<'result'>
  readonly headSeconds: Histogram
}

/** `count` is asked for at each scrape of the metrics. */
export function createCollectorMetrics(
  registry: Registry,
  count: () => { readonly reachable: number; readonly unreachable: number },
): CollectorMetrics {
  const registers = [registry]
  const headRequests = new Counter({
    name: 'conprof_query_head_requests_total',
    help: 'Requests for the heads of collectors, by how they ended.',
    labelNames: ['result'],
    registers,
  })
  for (const result of headResults) headRequests.inc({ result }, 0)
  const headSeconds = new Histogram({
    name: 'conprof_query_head_duration_seconds',
    help: 'How long collectors took to send their heads; only those that did.',
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 5],
    registers,
  })
  new Gauge({
    name: 'conprof_query_collectors',
    help: 'Collectors whose heads are read, by whether the last question was answered.',
    labelNames: ['state'],
    registers,
    collect() {
      const { reachable, unreachable } = count()
      this.set({ state: 'reachable' }, reachable)
      this.set({ state: 'unreachable' }, unreachable)
    },
  })
  return { headRequests, headSeconds }
}
