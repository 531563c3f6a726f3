import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

export interface BuildInfo {
  readonly version: string
  /** The commit, where known. */
  readonly revision: string
}

/** A registry with what every Prometheus client says of its process, and which build this is. */
export function createRegistry(build: BuildInfo): Registry {
  const registry = new Registry()
  // Unprefixed, as dashboards and alerts expect `process_*` and `nodejs_*` of any job.
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'conprof_build_info',
    help: 'Always 1; the labels say which build this is.',
    labelNames: ['version', 'revision', 'node_version'],
    registers: [registry],
  }).set({ version: build.version, revision: build.revision, node_version: process.versions.node }, 1)
  return registry
}
