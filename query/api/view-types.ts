/**
 * Views of GET /api/v1/profile beyond a plain flame graph and table, and what a comparison adds to each.
 * As in `types.ts`: plain types, times in unix ms, every int64 a decimal string.
 *
 * A comparison has two sides: the profile itself, and its base (`base_query`, `base_start`, `base_end`, or
 * `base_id`). Values without `base` in their name are of the profile itself; the difference is left to the reader.
 */
import type { CoverageAnswer, FlamegraphAnswer, TopAnswer, TopFunction, ViewAnswer } from './types.ts'

/** What rows of a view stand for: pprof's granularities, and two of ours. */
export const granularities = [
  'functions',
  'filefunctions',
  'files',
  'lines',
  'addresses',
  'packages',
  'mappings',
] as const
export type Granularity = (typeof granularities)[number]

/** The other side of a comparison. */
export interface BaseAnswer extends CoverageAnswer {
  /** Of everything that is shown of the base. */
  readonly sum: string
  readonly time: number
}

/** A flame graph of which parts may be left for another request, and which may have another side. */
export interface TreeAnswer extends FlamegraphAnswer {
  /** Nodes of either side are there; where one has none its values are "0". Absent unless compared. */
  readonly baseSelf?: readonly string[]
  readonly baseTotal?: readonly string[]
  readonly base?: BaseAnswer
  /**
   * With `max_nodes`: rows that stand for all children of their parent which were left out, one per parent at most.
   * Asked again with `path=<path>` the answer is the tree of that parent, root and ancestors first.
   */
  readonly rest?: readonly RestRow[]
}

export interface RestRow {
  readonly row: number
  /** Of the parent: 16 hex digits. */
  readonly path: string
  /** How many nodes it stands for. */
  readonly nodes: number
}

/** GET /api/v1/profile?format=top of a comparison, or with a granularity. */
export interface TableAnswer extends TopAnswer {
  readonly functions: readonly TableRow[]
  readonly granularity: Granularity
  readonly base?: BaseAnswer
  /** As `total`, of the base. */
  readonly baseTotal?: string
}

export interface TableRow extends TopFunction {
  /** 0 where the profile or the granularity does not say. */
  readonly line?: number
  readonly baseFlat?: string
  readonly baseCum?: string
}

/** GET /api/v1/profile?format=peek: what calls each node that `peek` matches, and what it calls; by `cum`. */
export interface PeekAnswer extends ViewAnswer {
  readonly total: string
  readonly granularity: Granularity
  readonly nodes: readonly PeekNode[]
  readonly base?: BaseAnswer
}

export interface PeekNode extends TableRow {
  readonly callers: readonly PeekEdge[]
  readonly callees: readonly PeekEdge[]
}

export interface PeekEdge {
  readonly name: string
  readonly value: string
  readonly baseValue?: string
  /** Whether every call on this edge was inlined. */
  readonly isInline: boolean
}

/** GET /api/v1/profile?format=source: lines of the functions that `list` matches, as `go tool pprof -list`. */
export interface SourceAnswer extends ViewAnswer {
  readonly total: string
  readonly functions: readonly SourceFunction[]
  readonly base?: BaseAnswer
}

export interface SourceFunction {
  readonly name: string
  readonly file: string
  readonly startLine: number
  readonly flat: string
  /** Of its lines together: a stack that is in two of them counts twice, as in pprof. */
  readonly cum: string
  readonly baseFlat?: string
  readonly baseCum?: string
  /** Lines with a value, ascending. */
  readonly lines: readonly SourceLine[]
}

export interface SourceLine {
  readonly line: number
  readonly flat: string
  readonly cum: string
  readonly baseFlat?: string
  readonly baseCum?: string
}

/** GET /api/v1/profile?format=tags: labels of samples, as `go tool pprof -tags`. */
export interface TagsAnswer extends ViewAnswer {
  readonly total: string
  readonly tags: readonly TagAnswer[]
  /** Of a comparison all totals are the difference. */
  readonly base?: BaseAnswer
}

export interface TagAnswer {
  readonly key: string
  /** Of numeric tags. */
  readonly unit: string
  /** Of all samples that carry the tag. */
  readonly total: string
  /** By value, descending. */
  readonly values: readonly { readonly value: string; readonly total: string }[]
}

/** GET /api/v1/breakdown: one row per value of the label `by`, from totals alone; by total, descending. */
export interface BreakdownAnswer extends CoverageAnswer {
  readonly type: string
  readonly unit: string
  readonly by: string
  readonly groups: readonly BreakdownGroup[]
}

export interface BreakdownGroup extends CoverageAnswer {
  /** "" for series without the label. */
  readonly value: string
  readonly total: string
}

/** GET /api/v1/heatmap: how many profiles lie in each cell of time and value. Cells without any are left out. */
export interface HeatmapAnswer extends CoverageAnswer {
  readonly type: string
  readonly unit: string
  readonly startMs: number
  readonly stepMs: number
  readonly columns: number
  readonly minValue: number
  readonly maxValue: number
  readonly rows: number
  readonly cells: readonly (readonly [column: number, row: number, count: number])[]
}
