/**
 * Every answer of the HTTP API, as plain types: what the UI and other clients import.
 * Times are integer unix milliseconds. Every int64 is a decimal string, because a day of CPU nanoseconds on
 * 1,000 cores exceeds what a JSON number keeps.
 */

/** `error` and `errorType` are there only where status is `error`; `warnings` say what an answer lacks. */
export type Answer<Data> = SuccessAnswer<Data> | ErrorAnswer

export interface SuccessAnswer<Data> {
  readonly status: 'success'
  readonly data: Data
  readonly warnings?: readonly string[]
}

export interface ErrorAnswer {
  readonly status: 'error'
  readonly errorType: ErrorType
  readonly error: string
  /** Where the error lies in the selector, in UTF-16 units; absent where it is not about the selector. */
  readonly position?: { readonly from: number; readonly to: number }
  readonly warnings?: readonly string[]
}

/**
 * `bad_data` (400) is a parameter that cannot be read, `forbidden` (403) a request that may not write, `execution` (422)
 * one that is understood but has no answer, `timeout` and `unavailable` (503), `not_found` (404), `too_large` (413) a file,
 * `canceled` (499), `internal` (500).
 */
export type ErrorType =
  | 'bad_data'
  | 'forbidden'
  | 'execution'
  | 'timeout'
  | 'canceled'
  | 'unavailable'
  | 'not_found'
  | 'too_large'
  | 'internal'

export type LabelSet = Readonly<Record<string, string>>

/** GET /api/v1/labels and /api/v1/label/:name/values. */
export type LabelsAnswer = readonly string[]

/** GET /api/v1/series. */
export type SeriesAnswer = readonly LabelSet[]

export interface SampleTypeAnswer {
  /** As `cpu` or `alloc_space`. */
  readonly type: string
  /** As `nanoseconds`, `bytes` or `count`. */
  readonly unit: string
}

/** What a merged answer was made of. CPU cores used = total in nanoseconds / 1e9 / coveredSeconds. */
export interface CoverageAnswer {
  /** Seconds the profiles really looked at, summed over series. */
  readonly coveredSeconds: number
  /** Length of the range asked for. */
  readonly rangeSeconds: number
  readonly profiles: number
  readonly series: number
}

/** How values of a sample type add: see docs/api.md, "How numbers add". */
export type KindAnswer = 'gauge' | 'counter' | 'duration'
export const aggregations = ['sum', 'avg', 'delta', 'max', 'last'] as const
export type Aggregation = (typeof aggregations)[number]

/** GET /api/v1/query_range. */
export interface QueryRangeAnswer extends CoverageAnswer {
  readonly resultType: 'matrix'
  readonly type: string
  readonly unit: string
  readonly kind: KindAnswer
  /** How values within one step were put together; absent without `step`. */
  readonly agg?: Aggregation
  /** Every sample type that the selected profiles have, to choose another from. */
  readonly sampleTypes: readonly SampleTypeAnswer[]
  /** Of the newest profile in the range, unix ms; 0 where there is none. */
  readonly newest: number
  readonly result: readonly MatrixSeries[]
}

export interface MatrixSeries {
  readonly metric: LabelSet
  /** Without `step`, `<ms>-<hash>` is the id of the profile behind a value. */
  readonly hash: string
  /** Ascending in time. Without `step` one value per stored profile, else one per step that has any. */
  readonly values: readonly (readonly [ms: number, value: string])[]
  /** With `step`, and of durations: seconds covered behind each of `values`; a duration's rate = value / covered. */
  readonly coveredSeconds?: readonly number[]
  /** Attempts that brought no profile, so that a gap says why. At most one per attempt, ascending in time. */
  readonly failures: readonly (readonly [ms: number, health: string, httpStatus: number])[]
  /** When another process took the place of the one before, unix ms, ascending: its start where that is known. */
  readonly restarts: readonly number[]
  /** Of its newest profile in the range, unix ms; 0 where there is none. Failures after it: it is failing. */
  readonly newest: number
}

/** GET /api/v1/explain: why a selector finds nothing, or little. */
export interface ExplainAnswer {
  /** That match and have an attempt in the range, by blocks: see /series. */
  readonly series: number
  /** One per matcher of the selector, in its order. */
  readonly matchers: readonly ExplainedMatcher[]
  /** Of the nearest profiles that match: unix ms of the last before the range and the first after it; 0 for none. */
  readonly before: number
  readonly after: number
}

export interface ExplainedMatcher {
  /** As written in a selector: `pod="cart-1"`. */
  readonly matcher: string
  /** Series in the range that match all the others: where this is more than 0, this one empties the answer. */
  readonly seriesWithout: number
  /** Values of its label among these series, the nearest to what is written first, ten at most. */
  readonly values: readonly string[]
}

/** GET /api/v1/profiles: newest first, or with `sort=total` those with the largest total first. */
export interface ProfilesAnswer {
  readonly profiles: readonly ProfileItem[]
  /** Give it as `cursor` for the page after this; absent on the last. */
  readonly next?: string
}

/** One attempt: a stored profile, or why there is none. */
export interface ProfileItem {
  /** `<unix ms>-<hash of the labels>`: for `profile?id=`. */
  readonly id: string
  readonly time: number
  readonly labels: LabelSet
  /** What the profile covers; 0 for snapshots such as heap. */
  readonly durationSeconds: number
  /** How long the scrape took. */
  readonly scrapeSeconds: number
  /** Uncompressed; 0 where there is no body. */
  readonly sizeBytes: number
  readonly totals: readonly TotalAnswer[]
  /** `ok`, `empty`, `unsupported`, `busy`, `refused`, `timeout`, `http-5xx`, … */
  readonly health: string
  /** 0 where no answer came. */
  readonly httpStatus: number
  /** Whether `profile?id=` has bytes to give. */
  readonly hasBody: boolean
}

export interface TotalAnswer extends SampleTypeAnswer {
  readonly value: string
}

/** Common to every view of GET /api/v1/profile. */
export interface ViewAnswer extends CoverageAnswer, SampleTypeAnswer {
  /** All sample types of the profile; `type=` chooses among them. */
  readonly sampleTypes: readonly SampleTypeAnswer[]
  /** Sum over everything shown, in `unit`. */
  readonly sum: string
  /** Unix ms of the (first) profile; 0 where unknown. */
  readonly time: number
}

/**
 * GET /api/v1/profile?format=flamegraph: a tree in columns, one entry per node in pre-order; row 0 is the root.
 * A node's children are the following rows one deeper, until a row that is not deeper. They come by `total`
 * descending, then by name. Nothing is cut off: there is no "other".
 */
export interface FlamegraphAnswer extends ViewAnswer {
  readonly names: readonly string[]
  readonly depth: readonly number[]
  /** Index into `names`. */
  readonly name: readonly number[]
  readonly self: readonly string[]
  readonly total: readonly string[]
}

/** GET /api/v1/profile?format=top: the numbers of `go tool pprof -top`, nothing cut, by `flat` descending. */
export interface TopAnswer extends ViewAnswer {
  readonly total: string
  readonly functions: readonly TopFunction[]
}

export interface TopFunction {
  readonly name: string
  /** "" where the profile does not say; the first in alphabetical order where it says several. */
  readonly file: string
  /** Of stacks that end in this function. */
  readonly flat: string
  /** Of stacks that this function is in, once each however often it recurses. */
  readonly cum: string
}

/** GET /api/v1/targets. */
export interface TargetsAnswer {
  readonly activeTargets: readonly TargetAnswer[]
  readonly droppedTargets: readonly DroppedTarget[]
}

/** One target and profile type: one scrape loop. */
export interface TargetAnswer {
  /** Who scrapes it, where the answer is made of several collectors'. */
  readonly collector?: string
  readonly scrapePool: string
  readonly scrapeUrl: string
  /** Of the series this target writes. */
  readonly labels: LabelSet
  readonly discoveredLabels: LabelSet
  readonly profileType: string
  readonly intervalSeconds: number
  readonly timeoutSeconds: number
  /** How the last scrape ended; `unknown` before the first. */
  readonly health: string
  /** What was seen, in one line; "" while all is well. */
  readonly reason: string
  /** What a person can do about it; "" while all is well. */
  readonly remedy: string
  /** Start of the last scrape; 0 before the first. */
  readonly lastScrape: number
  readonly lastScrapeDurationSeconds: number
  readonly lastSizeBytes: number
  /** When the next is due; 0 where none is planned. */
  readonly nextScrape: number
}

export interface DroppedTarget {
  readonly collector?: string
  readonly scrapePool: string
  readonly discoveredLabels: LabelSet
}

/**
 * GET /api/v1/blocks/pending: blocks that were cut and that the bucket may not have yet. The bytes of one are at
 * /api/v1/blocks/pending/<key>, by `Range`.
 */
export interface PendingBlocksAnswer {
  /** When the process began, in unix ms: another number after it was started anew. */
  readonly startedMs: number
  readonly blocks: readonly {
    /** Below `blocks/`, as in the bucket: `<yyyy-mm-dd>/<name>.block`. */
    readonly key: string
    readonly sizeBytes: number
  }[]
}

/** GET /api/v1/status/collector: what a collector says of itself. */
export interface CollectorStatusAnswer {
  readonly version: string
  /** Under this name its attempts are counted. */
  readonly writer: string
  /** Scrape loops. */
  readonly targets: number
  readonly headAttempts: number
  readonly headBytes: number
  /** Those that the bucket does not have yet. */
  readonly pendingBlocks: number
  /** False while attempts from before its start are still missing from its head. */
  readonly isReplayed: boolean
}

/** GET /api/v1/status/collectors: those whose heads this process reads. */
export interface CollectorsAnswer {
  readonly collectors: readonly CollectorItem[]
  /** What `--collectors` says and nobody answers to. */
  readonly unresolved: readonly { readonly name: string; readonly problem: string }[]
}

/** What a collector said of itself last, and whether it still answers. */
export interface CollectorItem extends Partial<CollectorStatusAnswer> {
  readonly name: string
  /** Its URL. */
  readonly address: string
  readonly reachable: boolean
  /** When it last answered anything; 0 before it ever did. */
  readonly lastSeen: number
  /** Why it is not reachable, or what it refused; "" while all is well. */
  readonly error: string
}

/** GET /api/v1/status/scrapes: how scraping goes, in few words; what the operator asks its collectors. */
export interface ScrapesAnswer {
  readonly ordinal: number
  /** Highest epoch among the ScrapeConfigs that are followed; 0 without any. */
  readonly configEpoch: number
  /** Processes: each (pod, container, port) once, however many types are scraped of it. */
  readonly targets: number
  readonly owners: readonly {
    /** `annotations`, or `ProfileTarget/<namespace>/<name>`; "" outside Kubernetes. */
    readonly owner: string
    readonly endpoint: string
    readonly targets: number
    readonly unhealthy: number
    /** At most five, those of a mesh first, then the most frequent; each stands for `count` processes. */
    readonly errors: readonly {
      readonly namespace: string
      readonly pod: string
      readonly container: string
      readonly profileType: string
      readonly health: string
      readonly reason: string
      readonly remedy: string
      readonly count: number
    }[]
  }[]
}

/** GET /api/v1/status/buildinfo. */
export interface BuildInfoAnswer {
  readonly version: string
  readonly revision: string
  readonly nodeVersion: string
}

/** GET /api/v1/status/flags: flag names without dashes. */
export type FlagsAnswer = Readonly<Record<string, string>>

/** GET /api/v1/status/config. */
export interface ConfigAnswer {
  readonly yaml: string
}

/** GET /api/v1/status/runtimeinfo. */
export interface RuntimeInfoAnswer {
  readonly startTime: number
  readonly serverTime: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
}

/** GET /api/v1/status/blocks: every block a query would consider, newest first. */
export interface BlocksAnswer {
  readonly blocks: readonly BlockItem[]
}

export interface BlockItem {
  readonly name: string
  readonly place: 'head' | 'pending' | 'bucket'
  /** Which collector has it; absent where it is in the bucket or with this very process. */
  readonly collector?: string
  readonly minTime: number
  readonly maxTime: number
  readonly level: number
  readonly sizeBytes: number
  /** These are known once a query has opened the block. */
  readonly series?: number
  readonly profiles?: number
  readonly attempts?: number
}
