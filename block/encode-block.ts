import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { applyRecord, recordStreams } from '../profile/apply-record.ts'
import { sampleKind } from '../profile/kind.ts'
import { labelsKey } from '../profile/labels.ts'
import { emptyState } from '../profile/series-state.ts'
import type { EncodedBlock, EncodeOptions } from './block-builder.ts'
import { blockMagic, compressionLevels, defaultWriteVersion } from './block-format.ts'
import { blockId, formatBlockKey } from './block-key.ts'
import type { Covered } from './block-reader.ts'
import { encodeChunk } from './chunk.ts'
import type { BuiltBlock } from './create-block-builder.ts'
import { encodeSymbols } from './encode-symbols.ts'
import { finishBlock } from './finish-block.ts'
import { joinKept, joinRecords } from './join-records.ts'
import { wholePartition } from './partition.ts'
import { type Int64Column, rowFlags } from './rows.ts'
import { encodeRows } from './rows-codec.ts'
import type { BuiltGroup, BuiltRow, SeriesBuilder, ServiceBuilder } from './series-builder.ts'
import { SumsBuilder } from './sums-builder.ts'
import { encodeSums, type GroupSums } from './sums-codec.ts'
import { type GroupPlace, makePostings, nowhere, type Place, type SeriesEntry, type Tail } from './tail.ts'

/**
 * The attempts that are selected, as a block. Groups are never split, so a time range keeps whole groups.
 * Gives way after each series or service, a few milliseconds of work; the builder must stay as it is until the end.
 */
export function* encodeBlock(
  built: BuiltBlock,
  options: EncodeOptions,
): Generator<void, EncodedBlock | undefined> {
  const chosen = chooseRows(built, options)
  if (chosen.length === 0) return undefined
  const withBodies = options.withoutBodies !== true
  const compression = options.compression ?? 'dense'
  const isDense = compression === 'dense'
  const level = compressionLevels[compression]
  const version = options.version ?? defaultWriteVersion
  const out = new ByteWriter(1 << 16)
  out.raw(blockMagic)
  out.u32(version)
  out.u32(0)
  const put = (raw: Uint8Array, zstdLevel: number): Place => {
    const chunk = encodeChunk(raw, zstdLevel)
    const place = { offset: out.length, length: chunk.length }
    out.raw(chunk)
    return place
  }
  const sectionBytes: Record<string, number> = {}
  let mark = out.length
  const endSection = (name: string) => {
    sectionBytes[name] = out.length - mark
    mark = out.length
  }

  const summed = chosen.map(({ series }) =>
    series.sampleTypes.map(
      (sampleType) =>
        isDense && withBodies && sampleKind(sampleType, series.labels['profile_type'] ?? '') !== 'counter',
    ),
  )
  const groupSums = new SumsBuilder()
  const sums: Place[] = []
  const totals: Uint8Array[] = []
  for (const [i, { series, groups }] of chosen.entries()) {
    const isSummed = summed[i]!
    const list = isSummed.includes(true)
      ? groups.map((group) => sumGroup(series, group, isSummed, groupSums))
      : []
    sums.push(list.length > 0 ? put(encodeSums(list, series.period), level.frames) : nowhere)
    const hasTotals = version >= 2 && list.length > 1
    totals.push(
      hasTotals ? encodeSums([sumAll(list, isSummed, groupSums)], series.period) : new Uint8Array(0),
    )
    yield
  }
  endSection('sums')
  const totalPlaces = totals.map((raw) => (raw.length === 0 ? nowhere : put(raw, level.frames)))
  endSection('totals')
  const bodies: Place[][] = []
  for (const { groups } of chosen) {
    bodies.push(groups.map((g) => (g.recordCount === 0 ? nowhere : put(joinRecords(g), level.frames))))
    yield
  }
  endSection('bodies')
  const kept: Place[][] = []
  for (const { groups } of chosen) {
    kept.push(groups.map((g) => (g.kept.length === 0 ? nowhere : put(joinKept(g), level.frames))))
    yield
  }
  endSection('kept')
  const services = [...new Set(chosen.map(({ series }) => series.service))]
  const symbols: Place[] = []
  for (const service of services) {
    symbols.push(withBodies ? putSymbols(out, service, level.symbols) : nowhere)
    yield
  }
  endSection('symbols')
  const rows: Place[] = []
  for (const { series, rows: list } of chosen) {
    rows.push(put(encodeRows(columns(series, list)), level.rows))
    yield
  }
  endSection('rows')

  const sampleTypes: { type: string; unit: string }[] = []
  const typeIndex = (type: { type: string; unit: string }) => {
    const known = sampleTypes.findIndex((t) => t.type === type.type && t.unit === type.unit)
    return known >= 0 ? known : sampleTypes.push(type) - 1
  }
  const entries = chosen.map(
    ({ series, groups }, i): SeriesEntry => ({
      labels: series.labels,
      service: services.indexOf(series.service),
      sampleTypes: series.sampleTypes.map(typeIndex),
      defaultSampleType: series.defaultSampleType,
      isSummed: summed[i]!,
      period: series.period,
      rows: rows[i]!,
      sums: sums[i]!,
      totals: totalPlaces[i]!,
      groups: groups.map(
        (group, g): GroupPlace => ({
          profileCount: group.profileCount,
          body: bodies[i]![g]!,
          kept: kept[i]![g]!,
        }),
      ),
    }),
  )
  const all = chosen.flatMap(({ rows: list }) => list)
  const tail: Tail = {
    level: 1,
    minTimeMs: all.reduce((min, row) => Math.min(min, row.timeMs), Number.MAX_SAFE_INTEGER),
    maxTimeMs: all.reduce((max, row) => Math.max(max, row.timeMs), 0),
    attemptCount: all.length,
    profileCount: all.filter((row) => row.flags & rowFlags.body).length,
    covered: coveredBy(all, built.writers),
    partition: wholePartition,
    processes: built.processes,
    sampleTypes,
    services: symbols,
    series: entries,
    postings: makePostings(entries),
  }
  const meta = finishBlock(out, tail, { version, level: level.rows, sectionBytes })
  const bytes = out.copy()
  const id = blockId(tail)
  return {
    key: formatBlockKey({ minTimeMs: tail.minTimeMs, maxTimeMs: tail.maxTimeMs, level: tail.level, id }),
    bytes,
    meta,
  }
}

interface Chosen {
  readonly series: SeriesBuilder
  readonly rows: readonly BuiltRow[]
  readonly groups: readonly BuiltGroup[]
}

function chooseRows(built: BuiltBlock, options: EncodeOptions): Chosen[] {
  const startMs = options.startMs ?? 0
  const endMs = options.endMs ?? Number.MAX_SAFE_INTEGER
  const isInside = (row: BuiltRow) => row.timeMs >= startMs && row.timeMs <= endMs
  const chosen: Chosen[] = []
  for (const series of built.series) {
    if (options.select !== undefined && !options.select(series.labels)) continue
    const inside = series.rows.filter(isInside)
    if (inside.length === 0) continue
    if (options.withoutBodies === true) {
      chosen.push({ series, rows: inside, groups: [] })
      continue
    }
    const wanted = new Set(inside.filter((row) => row.flags & rowFlags.body).map((row) => row.group))
    chosen.push({
      series,
      rows: series.rows.filter((row) => (row.flags & rowFlags.body ? wanted.has(row.group) : isInside(row))),
      groups: series.groups.filter((_, g) => wanted.has(g)),
    })
  }
  const keys = new Map(chosen.map((each) => [each, labelsKey(each.series.labels)]))
  return chosen.sort((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : 1))
}

function sumGroup(
  series: SeriesBuilder,
  group: BuiltGroup,
  isSummed: readonly boolean[],
  groupSums: SumsBuilder,
): GroupSums {
  const { dictionary, plans } = series.service
  const state = emptyState()
  group.records.forEach((record, r) => {
    applyRecord(recordStreams(record), state, { timeMs: group.recordTimesMs[r]!, plans, dictionary })
    const count = state.keys.length
    for (const [type, sampleType] of plans.plan(state.header).sampleTypes.entries()) {
      const column = series.columnOf(sampleType)
      if (!isSummed[column]) continue
      const values = state.wideValues ?? state.values
      for (let i = 0; i < count; i++) {
        const value = values[type * count + i]!
        if (value !== 0 && value !== 0n) groupSums.add(state.keys[i]!, column, value)
      }
    }
  })
  return groupSums.take(isSummed)
}

function sumAll(
  groups: readonly GroupSums[],
  isSummed: readonly boolean[],
  groupSums: SumsBuilder,
): GroupSums {
  for (const group of groups) groupSums.addAll(group)
  return groupSums.take(isSummed)
}

function putSymbols(out: ByteWriter, service: ServiceBuilder, level: number): Place {
  const bytes = encodeSymbols(service.dictionary, level)
  const place = { offset: out.length, length: bytes.length }
  out.raw(bytes)
  return place
}

function columns(series: SeriesBuilder, rows: readonly BuiltRow[]) {
  const float = (of: (row: BuiltRow) => number) => Float64Array.from(rows, of)
  return {
    length: rows.length,
    timeMs: float((row) => row.timeMs),
    durationMs: float((row) => row.durationMs),
    coveredMs: float((row) => row.coveredMs),
    health: Uint8Array.from(rows, (row) => row.health),
    httpStatus: Uint16Array.from(rows, (row) => row.httpStatus),
    flags: Uint8Array.from(rows, (row) => row.flags),
    sizeBytes: float((row) => row.sizeBytes),
    writer: Uint32Array.from(rows, (row) => row.writer),
    seq: float((row) => row.seq),
    process: Uint32Array.from(rows, (row) => row.process),
    totals: series.sampleTypes.map((_, type): Int64Column => {
      if (rows.every((row) => typeof (row.totals[type] ?? 0) === 'number'))
        return float((row) => Number(row.totals[type] ?? 0))
      return BigInt64Array.from(rows, (row) => BigInt(row.totals[type] ?? 0))
    }),
  }
}

function coveredBy(rows: readonly BuiltRow[], writers: readonly string[]): Covered[] {
  return writers.map((writer, index) => {
    const seqs = rows.filter((row) => row.writer === index).map((row) => row.seq)
    seqs.sort((a, b) => a - b)
    const intervals: { first: number; last: number }[] = []
    for (const seq of seqs) {
      const open = intervals.at(-1)
      if (open !== undefined && seq <= open.last + 1) open.last = seq
      else intervals.push({ first: seq, last: seq })
    }
    return { writer, intervals }
  })
}
