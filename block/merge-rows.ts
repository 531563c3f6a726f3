import type { ProcessIdentity } from './attempt.ts'
import type { CoveredSet } from './covered.ts'
import { containsSeq } from './covered.ts'
import { type Int64Column, type Rows, rowFlags } from './rows.ts'

/** What becomes of a row: as it is, its totals without its body, or nothing. */
export type RowFate = 'keep' | 'thin' | 'drop'

/** One row of what a series has in several blocks. */
export interface MergedRow {
  /** Into the sources. */
  readonly source: number
  readonly row: number
  readonly isThinned: boolean
}

/**
 * The rows of one series, from several blocks, in the order of their times; each attempt once. What `exclude` holds
 * of a source is another block's to say.
 */
export function mergeRows(
  sources: readonly { readonly rows: Rows; readonly exclude?: CoveredSet | undefined }[],
  fate?: (timeMs: number, flags: number) => RowFate,
): MergedRow[] {
  const merged: MergedRow[] = []
  let isOrdered = true
  let lastMs = Number.NEGATIVE_INFINITY
  sources.forEach(({ rows, exclude }, source) => {
    for (let row = 0; row < rows.length; row++) {
      if (exclude !== undefined && containsSeq(exclude, writerOf(rows, row), rows.seq[row]!)) continue
      const timeMs = rows.timeMs[row]!
      const flags = rows.flags[row]!
      const what = fate?.(timeMs, flags) ?? 'keep'
      if (what === 'drop') continue
      if (timeMs <= lastMs) isOrdered = false
      lastMs = timeMs
      merged.push({ source, row, isThinned: what === 'thin' && (flags & rowFlags.body) !== 0 })
    }
  })
  if (isOrdered) return merged
  const rowsOf = ({ source }: MergedRow) => sources[source]!.rows
  const timeOf = (each: MergedRow) => rowsOf(each).timeMs[each.row]!
  merged.sort((a, b) => timeOf(a) - timeOf(b) || a.source - b.source || a.row - b.row)
  const origins = new Set<string>()
  return merged.filter((each, i) => {
    if (i > 0 && timeOf(merged[i - 1]!) !== timeOf(each)) origins.clear()
    const rows = rowsOf(each)
    const origin = `${rows.seq[each.row]} ${writerOf(rows, each.row)}`
    if (origins.has(origin)) return false
    origins.add(origin)
    return true
  })
}

/** The row's flags: as they were, less the body where that is thinned out. */
export function flagsOf(
  sources: readonly { readonly rows: Rows }[],
  { source, row, isThinned }: MergedRow,
): number {
  const flags = sources[source]!.rows.flags[row]!
  return isThinned ? (flags & ~(rowFlags.body | rowFlags.bytes)) | rowFlags.thinned : flags
}

/** Names and processes of all sources, each once, as a block's tail lists them. */
export class RowTables {
  readonly writers: string[]
  readonly processes: ProcessIdentity[] = []
  readonly #writerIndex: ReadonlyMap<string, number>
  readonly #processIndex = new Map<string, number>()
  readonly #known = new WeakMap<ProcessIdentity, number>()

  constructor(writers: readonly string[], unknown: ProcessIdentity) {
    this.writers = [...writers]
    this.#writerIndex = new Map(writers.map((writer, index) => [writer, index]))
    this.processOf(unknown)
  }

  writerOf(rows: Rows, row: number): number {
    const name = writerOf(rows, row)
    const index = this.#writerIndex.get(name)
    if (index === undefined) throw new Error(`compact: writer ${JSON.stringify(name)} is in no block's list`)
    return index
  }

  processOf(process: ProcessIdentity): number {
    const known = this.#known.get(process)
    if (known !== undefined) return known
    const key = JSON.stringify(Object.values(process))
    let index = this.#processIndex.get(key)
    if (index === undefined) {
      index = this.processes.push(process) - 1
      this.#processIndex.set(key, index)
    }
    this.#known.set(process, index)
    return index
  }
}

/** The columns of merged rows; `flags` are given, since compaction learns of resets. */
export function gatherRows(
  sources: readonly Rows[],
  merged: readonly MergedRow[],
  about: {
    readonly tables: RowTables
    readonly flags: Uint8Array
    readonly sampleTypes: Rows['sampleTypes']
  },
): Omit<Rows, 'writers' | 'processes' | 'sampleTypes' | 'defaultSampleType'> {
  const length = merged.length
  const float = (column: 'timeMs' | 'durationMs' | 'coveredMs' | 'sizeBytes' | 'seq') =>
    Float64Array.from(merged, ({ source, row }) => sources[source]![column][row]!)
  const { tables, flags, sampleTypes } = about
  return {
    length,
    timeMs: float('timeMs'),
    durationMs: float('durationMs'),
    coveredMs: float('coveredMs'),
    health: Uint8Array.from(merged, ({ source, row }) => sources[source]!.health[row]!),
    httpStatus: Uint16Array.from(merged, ({ source, row }) => sources[source]!.httpStatus[row]!),
    flags,
    sizeBytes: float('sizeBytes'),
    writer: Uint32Array.from(merged, ({ source, row }) => tables.writerOf(sources[source]!, row)),
    seq: float('seq'),
    process: Uint32Array.from(merged, ({ source, row }) => {
      const { process, processes } = sources[source]!
      return tables.processOf(processes[process[row]!]!)
    }),
    totals: sampleTypes.map((sampleType) => gatherTotals(sources, merged, sampleType)),
  }
}

function gatherTotals(
  sources: readonly Rows[],
  merged: readonly MergedRow[],
  sampleType: Rows['sampleTypes'][number],
): Int64Column {
  const columns = sources.map(({ sampleTypes, totals }) => {
    const index = sampleTypes.findIndex((t) => t.type === sampleType.type && t.unit === sampleType.unit)
    return index < 0 ? undefined : totals[index]
  })
  const isWide = merged.some(({ source }) => columns[source] instanceof BigInt64Array)
  const at = ({ source, row }: MergedRow) => columns[source]?.[row] ?? 0
  return isWide
    ? BigInt64Array.from(merged, (each) => BigInt(at(each)))
    : Float64Array.from(merged, (each) => Number(at(each)))
}

export function writerOf(rows: Rows, row: number): string {
  return rows.writers[rows.writer[row]!] ?? ''
}
