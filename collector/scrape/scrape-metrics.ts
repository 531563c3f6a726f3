import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type ScrapeMetrics = ReturnType<typeof createScrapeMetrics>

export function createScrapeMetrics(registry: Registry) {
  const registers = [registry]
  const skipped = new Counter({
    name: 'conprof_collector_scrapes_skipped_total',
    help: 'Scrapes that did not start in their interval: the one before took too long, a capture ran, the disk is full, or the process was frozen.',
    labelNames: ['reason'] as const,
    registers,
  })
  // There from the start: an alert on an increase must see the first one.
  for (const reason of ['late', 'capture', 'disk-full', 'frozen']) skipped.inc({ reason }, 0)
  return {
    scrapes: new Counter({
      name: 'conprof_collector_scrapes_total',
      help: 'Scrapes that ended, by how.',
      labelNames: ['health', 'profile_type'] as const,
      registers,
    }),
    duration: new Histogram({
      name: 'conprof_collector_scrape_duration_seconds',
      help: 'How long scrapes took, the seconds of timed profiles included.',
      labelNames: ['profile_type'] as const,
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 40],
      registers,
    }),
    receivedBytes: new Counter({
      name: 'conprof_collector_received_bytes_total',
      help: 'Bytes of bodies as they came over the wire.',
      labelNames: ['profile_type'] as const,
      registers,
    }),
    storeFailures: new Counter({
      name: 'conprof_collector_store_failures_total',
      help: 'Profiles that were fetched and could not be stored.',
      labelNames: ['code'] as const,
      registers,
    }),
    skipped,
    targets: new Gauge({
      name: 'conprof_collector_targets',
      help: 'Targets by the health of their last scrape; outside Kubernetes the workload is the job.',
      labelNames: ['namespace', 'workload', 'profile_type', 'health'] as const,
      registers,
    }),
  }
}
