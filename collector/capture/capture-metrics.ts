import { Counter, Gauge, type Registry } from 'prom-client'

export type CaptureMetrics = ReturnType<typeof createCaptureMetrics>

/** `running` is asked for at each scrape of the metrics. */
export function createCaptureMetrics(registry: Registry, running: () => number) {
  const registers = [registry]
  new Gauge({
    name: 'conprof_collector_captures',
    help: 'Captures that are under way.',
    registers,
    collect() {
      this.set(running())
    },
  })
  return {
    profiles: new Counter({
      name: 'conprof_collector_captured_profiles_total',
      help: 'Profiles that were asked for now, by how they ended; they are not among the scrapes.',
      labelNames: ['health', 'profile_type'] as const,
      registers,
    }),
    receivedBytes: new Counter({
      name: 'conprof_collector_captured_bytes_total',
      help: 'Bytes of their bodies as they came over the wire.',
      labelNames: ['profile_type'] as const,
      registers,
    }),
  }
}
