import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { Labels } from '../profile/labels.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { ProcessIdentity } from './attempt.ts'
import type { Covered } from './block-reader.ts'
import { isWhole, type PartitionRange, wholePartition } from './partition.ts'

/** Where a chunk lies in the block. */
export interface Place {
  readonly offset: number
  readonly length: number
}

export const nowhere: Place = { offset: 0, length: 0 }

/** A group of consecutive profiles of one series: told from an empty state on. */
export interface GroupPlace {
  /** How many rows with a body it holds. */
  readonly profileCount: number
  readonly body: Place
  /** Bodies kept as they are; length 0 where there are none. */
  readonly kept: Place
}

export interface SeriesEntry {
  readonly labels: Labels
  readonly service: number
  /** Into `Tail.sampleTypes`. */
  readonly sampleTypes: readonly number[]
  readonly defaultSampleType: number
  /** Which of them have sums. */
  readonly isSummed: readonly boolean[]
  /** The period the sums' multiples are of; 0 for none. */
  readonly period: number
  readonly rows: Place
  /** A group's sums each. */
  readonly sums: Place
  /** The sums of all its profiles; length 0 where there is one group, or none. */
  readonly totals: Place
  readonly groups: readonly GroupPlace[]
}

/** The end of a block, read first: everything to plan a query with. Series are sorted by their labels. */
export interface Tail {
  readonly level: number
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly attemptCount: number
  readonly profileCount: number
  readonly covered: readonly Covered[]
  /** Of which series that is true. */
  readonly partition: PartitionRange
  readonly processes: readonly ProcessIdentity[]
  readonly sampleTypes: readonly SampleType[]
  /** Symbols of each service; length 0 in a block without bodies. */
  readonly services: readonly Place[]
  readonly series: readonly SeriesEntry[]
  /** Per label name, ascending: its values, ascending, and the series that have each. */
  readonly postings: readonly Postings[]
}

export interface Postings {
  readonly name: string
  readonly values: readonly string[]
  readonly series: readonly Uint32Array[]
}

/** Version 1 knows no partitions and no totals: a tail that has them cannot be written so. */
export function encodeTail(tail: Tail, version: number): Uint8Array {
  if (version === 1 && !isWhole(tail.partition))
    throw new RangeError('encode tail: version 1 has no partitions, want version 2')
  const out = new ByteWriter(1 << 14)
  out.varint(tail.level)
  out.varint(tail.minTimeMs)
  out.varint(tail.maxTimeMs - tail.minTimeMs)
  out.varint(tail.attemptCount)
  out.varint(tail.profileCount)
  out.varint(tail.covered.length)
  for (const { writer, intervals } of tail.covered) {
    out.text(writer)
    out.varint(intervals.length)
    let next = 0
    for (const { first, last } of intervals) {
      out.varint(first - next)
      out.varint(last - first)
      next = last + 1
    }
  }
  if (version >= 2) {
    out.varint(tail.partition.first)
    out.varint(tail.partition.last)
  }
  out.varint(tail.processes.length)
  for (const process of tail.processes) {
    out.text(process.containerId)
    out.varint(process.restartCount)
    out.varint(process.startTimeMs)
    out.text(process.image)
    out.varint(process.memoryLimitBytes)
    out.varint(process.cpuLimitMillicores)
  }
  out.varint(tail.sampleTypes.length)
  for (const { type, unit } of tail.sampleTypes) {
    out.text(type)
    out.text(unit)
  }
  out.varint(tail.series.length)
  out.varint(tail.postings.length)
  for (const { name, values, series } of tail.postings) {
    out.text(name)
    out.varint(values.length)
    values.forEach((value, i) => {
      out.text(value)
      const refs = series[i]!
      out.varint(refs.length)
      let next = 0
      for (const ref of refs) {
        out.varint(ref - next)
        next = ref + 1
      }
    })
  }
  const places = regions()
  out.varint(tail.services.length)
  for (const service of tail.services) places.symbols.write(out, service)
  for (const series of tail.series) {
    out.varint(series.service)
    out.varint(series.sampleTypes.length)
    for (const sampleType of series.sampleTypes) out.varint(sampleType)
    out.varint(series.defaultSampleType)
    let summed = 0
    series.isSummed.forEach((is, i) => {
      if (is) summed += 2 ** i
    })
    out.varint(summed)
    out.varint(series.period)
    places.rows.write(out, series.rows)
    places.sums.write(out, series.sums)
    if (version >= 2) places.totals.write(out, series.totals)
    out.varint(series.groups.length)
    for (const group of series.groups) {
      out.varint(group.profileCount)
      places.bodies.write(out, group.body)
      places.kept.write(out, group.kept)
    }
  }
  return out.bytes()
}

/** `sizeBytes` is the block's: no place may reach beyond it. */
export function decodeTail(
  bytes: Uint8Array,
  what: string,
  { version, sizeBytes }: { readonly version: number; readonly sizeBytes: number },
): Tail {
  const reader = new ByteReader(bytes, what)
  const level = reader.varint()
  const minTimeMs = reader.varint()
  const maxTimeMs = minTimeMs + reader.varint()
  const attemptCount = reader.varint()
  const profileCount = reader.varint()
  const covered: Covered[] = list(reader, 2, () => {
    const writer = reader.text()
    let next = 0
    const intervals = list(reader, 2, () => {
      const first = next + reader.varint()
      const last = first + reader.varint()
      next = last + 1
      return { first, last }
    })
    return { writer, intervals }
  })
  const partition = version >= 2 ? { first: reader.varint(), last: reader.varint() } : wholePartition
  if (partition.first > partition.last || partition.last > wholePartition.last)
    reader.fail(`series from ${partition.first} to ${partition.last}`)
  const processes = list(
    reader,
    6,
    (): ProcessIdentity => ({
      containerId: reader.text(),
      restartCount: reader.varint(),
      startTimeMs: reader.varint(),
      image: reader.text(),
      memoryLimitBytes: reader.varint(),
      cpuLimitMillicores: reader.varint(),
    }),
  )
  const sampleTypes = list(reader, 2, (): SampleType => ({ type: reader.text(), unit: reader.text() }))
  const seriesCount = reader.count()
  const labels: [string, string][][] = Array.from({ length: seriesCount }, () => [])
  const postings = list(reader, 2, (): Postings => {
    const name = reader.text()
    const values: string[] = []
    const series = list(reader, 2, () => {
      const value = reader.text()
      values.push(value)
      const refs = new Uint32Array(reader.count())
      let next = 0
      for (let i = 0; i < refs.length; i++) {
        const ref = next + reader.varint()
        if (ref >= seriesCount) reader.fail(`series ${ref} of ${seriesCount}`)
        refs[i] = ref
        labels[ref]!.push([name, value])
        next = ref + 1
      }
      return refs
    })
    return { name, values, series }
  })
  const places = regions()
  const services = list(reader, 1, () => places.symbols.read(reader, sizeBytes))
  const series: SeriesEntry[] = []
  for (let i = 0; i < seriesCount; i++) {
    const service = reader.varint()
    if (service >= services.length) reader.fail(`service ${service} of ${services.length}`)
    const types = list(reader, 1, () => {
      const type = reader.varint()
      if (type >= sampleTypes.length) reader.fail(`sample type ${type} of ${sampleTypes.length}`)
      return type
    })
    const defaultSampleType = reader.varint()
    const summed = reader.varint()
    series.push({
      labels: Object.fromEntries(labels[i]!),
      service,
      sampleTypes: types,
      defaultSampleType,
      isSummed: types.map((_, t) => Math.floor(summed / 2 ** t) % 2 === 1),
      period: reader.varint(),
      rows: places.rows.read(reader, sizeBytes),
      sums: places.sums.read(reader, sizeBytes),
      totals: version >= 2 ? places.totals.read(reader, sizeBytes) : nowhere,
      groups: list(reader, 3, () => ({
        profileCount: reader.varint(),
        body: places.bodies.read(reader, sizeBytes),
        kept: places.kept.read(reader, sizeBytes),
      })),
    })
  }
  return {
    level,
    minTimeMs,
    maxTimeMs,
    attemptCount,
    profileCount,
    covered,
    partition,
    processes,
    sampleTypes,
    services,
    series,
    postings,
  }
}

/** One table of places per region of the block, so that each place begins where the last one ended. */
function regions() {
  return {
    symbols: new Places(),
    rows: new Places(),
    sums: new Places(),
    totals: new Places(),
    bodies: new Places(),
    kept: new Places(),
  }
}

/** Offsets as differences from where the last place of the same table ended: nearly always small. */
class Places {
  #end = 0

  write(out: ByteWriter, place: Place): void {
    out.varint(place.length)
    if (place.length === 0) return
    out.zigzag(place.offset - this.#end)
    this.#end = place.offset + place.length
  }

  read(reader: ByteReader, sizeBytes: number): Place {
    const length = reader.varint()
    if (length === 0) return nowhere
    const offset = this.#end + reader.zigzag()
    this.#end = offset + length
    if (offset < 0 || this.#end > sizeBytes)
      reader.fail(`bytes ${offset} to ${this.#end} of a block of ${sizeBytes}`)
    return { offset, length }
  }
}

function list<T>(reader: ByteReader, minBytesEach: number, read: () => T): T[] {
  const count = reader.count(minBytesEach)
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}

/** Of a series table. */
export function makePostings(entries: readonly SeriesEntry[]): Postings[] {
  const byName = new Map<string, Map<string, number[]>>()
  entries.forEach(({ labels }, ref) => {
    for (const [name, value] of Object.entries(labels)) {
      let values = byName.get(name)
      if (values === undefined) {
        values = new Map()
        byName.set(name, values)
      }
      const refs = values.get(value)
      if (refs === undefined) values.set(value, [ref])
      else refs.push(ref)
    }
  })
  return [...byName.keys()].sort().map((name) => {
    const values = byName.get(name)!
    const sorted = [...values.keys()].sort()
    return { name, values: sorted, series: sorted.map((value) => Uint32Array.from(values.get(value)!)) }
  })
}
