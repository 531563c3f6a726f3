import type { PprofTypeFields } from '../../collector/config/profile-types.ts'

/** What the operator's own configuration (Helm values, flags) says about all targets. */
export interface TargetSettings {
  /** Nothing is scraped. */
  readonly suspend: boolean
  /** A ProfileTarget may select pods of other namespaces. */
  readonly allowCrossNamespace: boolean
  /** Whose pod annotations are understood beside our own. */
  readonly annotationCompat: 'none' | 'grafana'
  /** What annotations leave out. A ProfileTarget's own defaults are in its CRD. */
  readonly defaults: {
    readonly intervalMs: number
    readonly timeoutMs: number
    /** As `pprof_config`: what differs from the known types, for ProfileTargets too. */
    readonly profileTypes: Readonly<Record<string, PprofTypeFields>>
  }
  readonly limits: {
    /** What no namespace gets beyond; 0 where there is no limit. */
    readonly perNamespace: {
      readonly targets: number
      readonly minIntervalMs: number
      /** Of one timed profile. */
      readonly maxSeconds: number
    }
  }
}

export const defaultTargetSettings: TargetSettings = {
  suspend: false,
  allowCrossNamespace: false,
  annotationCompat: 'none',
  defaults: { intervalMs: 60_000, timeoutMs: 10_000, profileTypes: {} },
  limits: { perNamespace: { targets: 0, minIntervalMs: 0, maxSeconds: 0 } },
}

/** Of `interval`, wherever it is written. */
export const minIntervalMs = 5000
export const maxIntervalMs = 24 * 60 * 60 * 1000
/** Of `seconds`. */
export const maxSeconds = 300
