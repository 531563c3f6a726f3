import type { Labels } from '../profile/labels.ts'
import type { HealthClass } from './health.ts'

/** Which process a profile came from; without it nobody can later tell a restart from a drop. Unknown: 0 or "". */
export interface ProcessIdentity {
  readonly containerId: string
  readonly restartCount: number
  readonly startTimeMs: number
  readonly image: string
  readonly memoryLimitBytes: number
  readonly cpuLimitMillicores: number
}

/** One scrape that ended, well or not: what the collector logs, keeps in the head and stores as a row. */
export interface Attempt {
  /** The labels of the series, `profile_type` and `service_name` among them. */
  readonly labels: Labels
  /** Start of the scrape, unix ms: the time of the profile. */
  readonly timeMs: number
  /** How long the scrape took. */
  readonly durationMs: number
  readonly health: HealthClass
  /** 0 where no answer came. */
  readonly httpStatus: number
  /** As it came over the wire, gzip or not; absent where the attempt failed without one. */
  readonly body?: Uint8Array
  readonly process?: ProcessIdentity
}
