import { breathing } from '../lib/breathing.ts'
import { ColumnPlans } from '../profile/column-plan.ts'
import { formatLabels, labelsKey } from '../profile/labels.ts'
import type { BlockReader, SeriesIndex } from './block-reader.ts'
import type { CompactedBlock, Policy } from './compact-blocks.ts'
import { chooseOrigins, type PlannedSeries, planSeries } from './compaction-plan.ts'
import { coversAll, unionCovered } from './covered.ts'
import { unknownProcess } from './create-block-builder.ts'
import { FileByteSource } from './file-byte-source.ts'
import { digestOf, type ScrapedProfile } from './group-chain.ts'
import { flagsOf, gatherRows, type MergedRow, mergeRows, RowTables } from './merge-rows.ts'
import { openBlock } from './open-block.ts'
import { partitionsOverlap } from './partition.ts'
import { type Rows, rowFlags } from './rows.ts'
import { SourceProfiles } from './source-profiles.ts'

/**
 * Reads the outputs of a compaction as any reader would, and compares them with the sources: that everything is
 * covered, every row, every kept body, the sums against the rows, and of each chain of profiles the last one, by a
 * digest of its pprof bytes as the source has them: it is right only if all before it are. One line per problem; empty
 * where all is well.
 */
export async function verifyCompaction(
  sources: readonly BlockReader[],
  outputs: readonly CompactedBlock[],
  options: { readonly policy?: Policy | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly string[]> {
  const { policy, signal } = options
  const problems: string[] = []
  const files = await Promise.all(outputs.map(({ path }) => FileByteSource.open(path)))
  try {
    const read = await Promise.all(files.map((file) => openBlock(file)))
    const written = read.map((reader, i) => ({ reader, digests: outputs[i]!.digests }))
    const breathe = breathing(signal)
    const origins = chooseOrigins(sources)
    if (outputs.length > 0)
      for (const { source } of origins) {
        const over = read.filter(({ meta }) => partitionsOverlap(meta.partition, source.partition))
        if (!coversAll(unionCovered(over.map(({ meta }) => meta.covered)), source.covered))
          problems.push(`${source.reader.name}: the outputs do not cover what it covers`)
      }
    let expected = 0
    let held: { readonly reader: BlockReader; readonly service: number } | undefined
    for (const planned of planSeries(origins)) {
      const name = formatLabels(planned.labels)
      const found = findSeries(written, planned)
      const rows = await Promise.all(
        planned.sources.map(async ({ reader, series, exclude }) => ({
          rows: (await reader.rows([series]))[0]!,
          exclude,
        })),
      )
      const merged = mergeRows(rows, policy?.(planned.labels))
      if (merged.length > 0) expected++
      if (found.length !== Math.min(merged.length, 1)) {
        problems.push(`${name}: in ${found.length} outputs, want ${Math.min(merged.length, 1)}`)
        continue
      }
      const [output] = found
      if (output === undefined) continue
      const wrong = await compareSeries(planned, {
        rows: rows.map((each) => each.rows),
        merged,
        output,
        breathe,
      })
      problems.push(...wrong.map((problem) => `${name}: ${problem}`))
      // Series of a service come one after the other; memory holds the symbols of one.
      const { service } = output.reader.entry(output.series)
      if (held !== undefined && (held.reader !== output.reader || held.service !== service))
        held.reader.releaseDictionary(held.service)
      held = { reader: output.reader, service }
    }
    const count = read.reduce((sum, { meta }) => sum + meta.seriesCount, 0)
    if (count !== expected) problems.push(`${count} series in the outputs, want ${expected}`)
    return problems
  } finally {
    for (const file of files) await file.close()
  }
}

interface Output {
  readonly reader: BlockReader
  readonly series: SeriesIndex
  readonly digests: CompactedBlock['digests']
}

function findSeries(
  written: readonly Omit<Output, 'series'>[],
  { labels, partition }: PlannedSeries,
): Output[] {
  const key = labelsKey(labels)
  return written
    .filter(({ reader: { meta } }) => meta.partition.first <= partition && partition <= meta.partition.last)
    .flatMap(({ reader, digests }) => {
      const series = indexOf(reader).get(key)
      return series === undefined ? [] : [{ reader, series, digests }]
    })
}

const indexes = new WeakMap<BlockReader, ReadonlyMap<string, SeriesIndex>>()

function indexOf(reader: BlockReader): ReadonlyMap<string, SeriesIndex> {
  let index = indexes.get(reader)
  if (index === undefined) {
    index = new Map(reader.select([]).map((series) => [labelsKey(reader.labels(series)), series]))
    indexes.set(reader, index)
  }
  return index
}

async function compareSeries(
  planned: PlannedSeries,
  about: {
    readonly rows: readonly Rows[]
    readonly merged: readonly MergedRow[]
    readonly output: Output
    readonly breathe: () => Promise<void>
  },
): Promise<string[]> {
  const { rows, merged, output, breathe } = about
  const { reader, series } = output
  const [got] = (await reader.rows([series])) as [Rows]
  const wrong = compareRows(rows, merged, got)
  if (wrong !== undefined) return [wrong]
  const problems: string[] = []
  const entry = reader.entry(series)
  const hasBodies = entry.groups.length > 0
  if (!hasBodies) return problems
  const written = await profilesOf(output, got)
  const digests = output.digests.get(labelsKey(planned.labels)) ?? []
  let last: ScrapedProfile | undefined
  let group = 0
  let left = entry.groups[0]!.profileCount
  for (const [row, each] of merged.entries()) {
    if ((got.flags[row]! & rowFlags.body) === 0) continue
    const { state, kept } = await written.profiles.at(row)
    if (state !== undefined) last = { profile: state, dictionary: written.dictionary }
    if (kept !== undefined) {
      const { reader, series } = planned.sources[each.source]!
      if (!isEqual(kept, await reader.body(series, each.row)))
        problems.push(`row ${row}: other bytes are kept than in ${reader.name}`)
    }
    left--
    if (left === 0) {
      if ((last === undefined ? 0 : digestOf(last)) !== digests[group])
        problems.push(`row ${row}: another profile than in ${planned.sources[each.source]!.reader.name}`)
      last = undefined
      group++
      left = entry.groups[group]?.profileCount ?? 0
    }
    await breathe()
  }
  if (group !== entry.groups.length)
    problems.push(`${group} groups hold its profiles, want ${entry.groups.length}`)
  problems.push(...(await compareSums(output, got)))
  return problems
}

async function profilesOf({ reader, series }: Output, rows: Rows) {
  const dictionary = await reader.dictionary(reader.entry(series).service)
  const plans = new ColumnPlans(dictionary)
  return { dictionary, profiles: new SourceProfiles(reader, series, { rows, dictionary, plans }) }
}

/** Undefined where all are equal but for the resets that compaction adds. */
function compareRows(sources: readonly Rows[], merged: readonly MergedRow[], got: Rows): string | undefined {
  if (got.length !== merged.length) return `${got.length} rows, want ${merged.length}`
  const tables = new RowTables(got.writers, unknownProcess)
  const withRows = sources.map((rows) => ({ rows }))
  const flags = Uint8Array.from(merged, (each) => flagsOf(withRows, each))
  const want = gatherRows(sources, merged, { tables, flags, sampleTypes: got.sampleTypes })
  const columns = [
    'timeMs',
    'durationMs',
    'coveredMs',
    'health',
    'httpStatus',
    'sizeBytes',
    'seq',
    'writer',
  ] as const
  for (let row = 0; row < got.length; row++) {
    for (const column of columns)
      if (got[column][row] !== want[column][row])
        return `row ${row}: ${column} ${got[column][row]}, want ${want[column][row]}`
    if ((got.flags[row]! | rowFlags.reset) !== (flags[row]! | rowFlags.reset))
      return `row ${row}: flags ${got.flags[row]}, want ${flags[row]}`
    if (flags[row]! & rowFlags.reset & ~got.flags[row]!) return `row ${row}: a reset is gone`
    const [now, was] = [got.processes[got.process[row]!]!, tables.processes[want.process[row]!]!]
    if (JSON.stringify(now) !== JSON.stringify(was)) return `row ${row}: another process`
    for (const [type, totals] of want.totals.entries())
      if (BigInt(got.totals[type]![row]!) !== BigInt(totals[row]!))
        return `row ${row}: total ${got.totals[type]![row]}, want ${totals[row]}`
  }
  return undefined
}

/** All stacks of all groups add up to the rows' totals. */
async function compareSums({ reader, series }: Output, rows: Rows): Promise<string[]> {
  const groups = await reader.sums(series)
  if (groups.length === 0) return []
  const [total] = await reader.totals([series])
  const problems: string[] = []
  for (const [type, isSummed] of reader.entry(series).isSummed.entries()) {
    if (!isSummed) continue
    let want = 0n
    for (let row = 0; row < rows.length; row++)
      if (rows.flags[row]! & rowFlags.body && rows.flags[row]! & rowFlags.columns)
        want += BigInt(rows.totals[type]![row]!)
    let sum = 0n
    for (const { sums } of groups) sum += sums[type]?.total() ?? 0n
    if (BigInt.asIntN(64, sum) !== BigInt.asIntN(64, want))
      problems.push(`sums of ${rows.sampleTypes[type]?.type}: ${sum}, want ${want}`)
    const all = total?.sums[type]?.total()
    if (all !== undefined && all !== sum)
      problems.push(`totals of ${rows.sampleTypes[type]?.type}: ${all}, want ${sum}`)
  }
  return problems
}

function isEqual(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && Buffer.compare(a, b) === 0
}
