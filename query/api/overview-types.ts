/** GET /api/v1/overview: one row per workload, from totals alone. */
import type { LabelSet } from './types.ts'

export interface OverviewAnswer {
  /** Unix ms that "now" stands for. */
  readonly at: number
  /** Over how many seconds before each point in time a value is taken. */
  readonly windowSeconds: number
  /** Those that changed most first. */
  readonly workloads: readonly WorkloadRow[]
}

export interface WorkloadRow {
  /** What the row groups by: `namespace` and `workload` in a cluster, else `service_name` or `job`. */
  readonly labels: LabelSet
  /** As a selector, for links. */
  readonly selector: string
  /** Pods (or instances) with a profile in the window, and those of the last day that have none in it. */
  readonly pods: number
  readonly gonePods: number
  /** Process starts seen in the last hour, day and week; the newest of them in unix ms, 0 where there was none. */
  readonly restarts: {
    readonly hour: number
    readonly day: number
    readonly week: number
    readonly last: number
  }
  /** Series whose newest attempt brought a profile, and those whose did not. */
  readonly targets: {
    readonly up: number
    readonly failing: number
    /** Most frequent first. */
    readonly reasons: readonly { readonly health: string; readonly count: number }[]
  }
  readonly cores: Measure
  readonly heapBytes: Measure
  readonly goroutines: Measure
  /** Of the newest profile, unix ms. */
  readonly newest: number
}

/** A value now and 1 h, 1 d and 1 week before, summed over pods; null where nothing was stored. */
export interface Measure {
  readonly now: number | null
  readonly hour: number | null
  readonly day: number | null
  readonly week: number | null
}

/** GET /api/v1/status/storage: what the stored profiles of a range cost, most first. */
export interface StorageAnswer {
  readonly by: string
  /** Bytes of blocks and of the profiles in them before encoding. */
  readonly storedBytes: number
  readonly scrapedBytes: number
  readonly groups: readonly {
    readonly value: string
    readonly series: number
    readonly profiles: number
    readonly attempts: number
    readonly scrapedBytes: number
    /** Its share of the blocks it lies in. */
    readonly storedBytes: number
  }[]
}

/** GET /api/v1/pins; POST one to keep it, DELETE /api/v1/pins/<name> to let it go. */
export interface PinsAnswer {
  readonly pins: readonly PinAnswer[]
}

export interface PinAnswer {
  readonly name: string
  readonly match: string
  readonly start: number
  readonly end: number
}
