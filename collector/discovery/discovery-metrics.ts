import { Counter, type Registry } from 'prom-client'

export type DiscoveryMetrics = ReturnType<typeof createDiscoveryMetrics>

/** Once per registry: a reload makes new discoveries, which count on. */
export function createDiscoveryMetrics(registry: Registry) {
  const labelNames = ['mechanism'] as const
  const registers = [registry]
  return {
    refreshes: new Counter({
      name: 'conprof_discovery_refreshes_total',
      help: 'Files and URLs with targets that were read, by mechanism.',
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: 'conprof_discovery_failures_total',
      help: 'Those that could not be read, for which the last good answer stays.',
      labelNames,
      registers,
    }),
  }
}
