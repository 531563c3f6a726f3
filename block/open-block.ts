import { ByteReader, DecodeError } from '../lib/bytes/byte-reader.ts'
import { applyRecord } from '../profile/apply-record.ts'
import { ColumnPlans } from '../profile/column-plan.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { PprofEncoder } from '../profile/encode-pprof.ts'
import type { Labels } from '../profile/labels.ts'
import type { Matcher } from '../profile/matcher.ts'
import { stream } from '../profile/record-format.ts'
import { emptyState } from '../profile/series-state.ts'
import type { SampleType } from '../profile/symbols.ts'
import { blockMagic, blockVersion, footerBytes } from './block-format.ts'
import type { BlockMeta, BlockReader, ByteSource, SeriesIndex } from './block-reader.ts'
import { decodeChunk } from './chunk.ts'
import { decodeSymbols } from './decode-symbols.ts'
import { BlockCorruptError, BlockTooNewError } from './errors.ts'
import { metaOf } from './finish-block.ts'
import { type Rows, rowFlags } from './rows.ts'
import { decodeRows } from './rows-codec.ts'
import { decodeSums, type GroupSums } from './sums-codec.ts'
import { decodeTail, type Place, type SeriesEntry, type Tail } from './tail.ts'

interface ReadOptions {
  readonly signal?: AbortSignal
}

export interface OpenOptions extends ReadOptions {
  /** Told of symbols that were read, which the reader holds from then on. */
  readonly onDictionary?: (dictionary: Dictionary) => void
}

/**
 * How much of the end is read first. The tails of most blocks fit; more would be most of what a query for one small
 * service reads.
 */
function tailGuess(sizeBytes: number): number {
  return Math.min(sizeBytes, 64 * 1024, Math.max(8 * 1024, Math.ceil(sizeBytes / 64)))
}

/** Reads the end of a block, at most twice. Throws BLOCK_CORRUPT or BLOCK_TOO_NEW. */
export async function openBlock(source: ByteSource, options: OpenOptions = {}): Promise<BlockReader> {
  const size = source.sizeBytes
  if (size < footerBytes) throw new BlockCorruptError(source.name, 'footer', `${size} bytes in all`)
  const guess = tailGuess(size)
  const end = await source.read(size - guess, guess, options)
  if (end.length !== guess)
    throw new BlockCorruptError(source.name, 'footer', `${end.length} bytes, want ${guess}`)
  const footer = new ByteReader(end, 'footer', guess - footerBytes)
  const tailLength = footer.u32()
  const version = footer.u32()
  if (Buffer.compare(footer.raw(blockMagic.length), blockMagic) !== 0)
    throw new BlockCorruptError(source.name, 'footer', 'no CONPROF1 at the end')
  if (version > blockVersion) throw new BlockTooNewError(source.name, version, blockVersion)
  if (tailLength > size - footerBytes)
    throw new BlockCorruptError(source.name, 'footer', `a tail of ${tailLength} bytes in a block of ${size}`)
  const from = guess - footerBytes - tailLength
  const chunk =
    from >= 0
      ? end.subarray(from, guess - footerBytes)
      : await source.read(size - footerBytes - tailLength, tailLength, options)
  const tail = corruptAs(source.name, 'tail', () =>
    decodeTail(decodeChunk(chunk, 'tail'), 'tail', { version, sizeBytes: size }),
  )
  return new OpenBlock(source, tail, { version, onDictionary: options.onDictionary })
}

class OpenBlock implements BlockReader {
  readonly name: string
  readonly source: ByteSource
  readonly meta: BlockMeta
  readonly #tail: Tail
  readonly #dictionaries: (Promise<Dictionary> | undefined)[] = []
  readonly #plans = new WeakMap<Dictionary, ColumnPlans>()

  readonly #onDictionary: OpenOptions['onDictionary'] | undefined

  constructor(
    source: ByteSource,
    tail: Tail,
    {
      version,
      onDictionary,
    }: { readonly version: number; readonly onDictionary: OpenOptions['onDictionary'] | undefined },
  ) {
    this.#onDictionary = onDictionary
    this.name = source.name
    this.source = source
    this.#tail = tail
    const { sizeBytes } = source
    this.meta = metaOf(tail, { version, sizeBytes, sectionBytes: sectionSizes(tail) })
  }

  labelNames(): readonly string[] {
    return this.#tail.postings.map(({ name }) => name)
  }

  labelValues(name: string): readonly string[] {
    return this.#tail.postings.find((postings) => postings.name === name)?.values ?? []
  }

  select(matchers: readonly Matcher[]): readonly SeriesIndex[] {
    let chosen: Uint8Array | undefined
    for (const matcher of matchers) {
      const matched = new Uint8Array(this.#tail.series.length)
      const postings = this.#tail.postings.find(({ name }) => name === matcher.name)
      if (matcher.matches('')) {
        matched.fill(1)
        for (const refs of postings?.series ?? []) for (const ref of refs) matched[ref] = 0
      }
      postings?.values.forEach((value, i) => {
        if (matcher.matches(value)) for (const ref of postings.series[i]!) matched[ref] = 1
      })
      chosen = chosen === undefined ? matched : chosen.map((is, i) => is & matched[i]!)
    }
    const series: SeriesIndex[] = []
    for (let i = 0; i < this.#tail.series.length; i++)
      if (chosen === undefined || chosen[i] === 1) series.push(i as SeriesIndex)
    return series
  }

  labels(series: SeriesIndex): Labels {
    return this.entry(series).labels
  }

  sampleTypes(series: SeriesIndex): readonly SampleType[] {
    return this.entry(series).sampleTypes.map((type) => this.#tail.sampleTypes[type]!)
  }

  entry(series: SeriesIndex): SeriesEntry {
    return this.#tail.series[series]!
  }

  async rows(series: readonly SeriesIndex[], options: ReadOptions = {}): Promise<readonly Rows[]> {
    const chunks = await this.#readAll(
      series.map((each) => this.entry(each).rows),
      options,
    )
    const writers = this.#tail.covered.map(({ writer }) => writer)
    return series.map((each, i) => {
      const { defaultSampleType } = this.entry(each)
      return corruptAs(this.name, 'rows', () =>
        decodeRows(decodeChunk(chunks[i]!, 'rows'), 'rows', {
          writers,
          processes: this.#tail.processes,
          sampleTypes: this.sampleTypes(each),
          defaultSampleType,
        }),
      )
    })
  }

  dictionary(service: number, options: ReadOptions = {}): Promise<Dictionary> {
    const known = this.#dictionaries[service]
    if (known !== undefined) return known
    const reading = this.#readDictionary(service, options)
    this.#dictionaries[service] = reading
    reading.catch(() => {
      this.#dictionaries[service] = undefined
    })
    return reading
  }

  async #readDictionary(service: number, options: ReadOptions): Promise<Dictionary> {
    const place = this.#tail.services[service]!
    if (place.length === 0)
      throw new BlockCorruptError(this.name, 'symbols', 'none, the block was made without bodies')
    const bytes = await this.#read(place, options)
    const dictionary = corruptAs(this.name, 'symbols', () => decodeSymbols(bytes, 'symbols'))
    this.#onDictionary?.(dictionary)
    return dictionary
  }

  async sums(series: SeriesIndex, options: ReadOptions = {}): Promise<readonly GroupSums[]> {
    const entry = this.entry(series)
    if (entry.sums.length === 0) return []
    const [bytes, dictionary] = await Promise.all([
      this.#read(entry.sums, options),
      this.dictionary(entry.service, options),
    ])
    return corruptAs(this.name, 'sums', () =>
      decodeSums(decodeChunk(bytes, 'sums'), 'sums', {
        groupCount: entry.groups.length,
        isSummed: entry.isSummed,
        period: entry.period,
        keyCount: dictionary.keyCount,
      }),
    )
  }

  async totals(
    series: readonly SeriesIndex[],
    options: ReadOptions = {},
  ): Promise<readonly (GroupSums | undefined)[]> {
    const entries = series.map((each) => this.entry(each))
    // Of a single group, its sums are the total.
    const placeOf = ({ totals, sums, groups }: SeriesEntry) => (groups.length === 1 ? sums : totals)
    const services = [...new Set(entries.map(({ service }) => service))]
    const [chunks, dictionaries] = await Promise.all([
      this.#readAll(entries.map(placeOf), options),
      Promise.all(services.map((service) => this.dictionary(service, options))),
    ])
    return entries.map((entry, i) => {
      if (placeOf(entry).length === 0) return undefined
      const { keyCount } = dictionaries[services.indexOf(entry.service)]!
      const { isSummed, period } = entry
      return corruptAs(this.name, 'totals', () => {
        const raw = decodeChunk(chunks[i]!, 'totals')
        return decodeSums(raw, 'totals', { groupCount: 1, isSummed, period, keyCount })[0]
      })
    })
  }

  async groupStreams(series: SeriesIndex, group: number, options: ReadOptions = {}): Promise<ByteReader[]> {
    const place = this.entry(series).groups[group]!.body
    if (place.length === 0) return []
    const bytes = await this.#read(place, options)
    return corruptAs(this.name, 'bodies', () => {
      const reader = new ByteReader(decodeChunk(bytes, 'bodies'), 'bodies')
      reader.varint()
      const count = reader.count()
      if (count < stream.values) reader.fail(`${count} streams`)
      const lengths = Array.from({ length: count }, () => reader.varint())
      return lengths.map((length) => new ByteReader(reader.raw(length), 'bodies'))
    })
  }

  async body(series: SeriesIndex, row: number, options: ReadOptions = {}): Promise<Uint8Array> {
    const [rows] = (await this.rows([series], options)) as [Rows]
    const flags = rows.flags[row] ?? 0
    if ((flags & rowFlags.body) === 0) throw new BlockCorruptError(this.name, 'bodies', `row ${row} has none`)
    const { groups, service } = this.entry(series)
    // Rows with bodies fill the groups in order.
    let group = 0
    let first = 0
    let bodies = 0
    for (let i = 0; i < row; i++) {
      if ((rows.flags[i]! & rowFlags.body) === 0) continue
      bodies++
      if (bodies < groups[group]!.profileCount) continue
      group++
      first = i + 1
      bodies = 0
    }
    const place = groups[group]
    if (place === undefined)
      throw new BlockCorruptError(this.name, 'bodies', `row ${row} is beyond the groups`)
    if (flags & rowFlags.bytes) {
      let before = 0
      for (let i = first; i < row; i++) if (rows.flags[i]! & rowFlags.bytes) before++
      const kept = (await this.keptBodies(series, group, options))[before]
      if (kept === undefined)
        throw new BlockCorruptError(this.name, 'kept bodies', `row ${row} is beyond them`)
      return kept.slice()
    }
    const [streams, dictionary] = await Promise.all([
      this.groupStreams(series, group, options),
      this.dictionary(service, options),
    ])
    return corruptAs(this.name, 'bodies', () => {
      const plans = this.plansOf(dictionary)
      const state = emptyState()
      for (let i = first; i <= row; i++)
        if (rows.flags[i]! & rowFlags.columns)
          applyRecord(streams, state, { timeMs: rows.timeMs[i]!, plans, dictionary })
      return new PprofEncoder().encode(state, dictionary).slice()
    })
  }

  async keptBodies(
    series: SeriesIndex,
    group: number,
    options: ReadOptions = {},
  ): Promise<readonly Uint8Array[]> {
    const place = this.entry(series).groups[group]!.kept
    if (place.length === 0) return []
    const bytes = await this.#read(place, options)
    return corruptAs(this.name, 'kept bodies', () => {
      const reader = new ByteReader(decodeChunk(bytes, 'kept bodies'), 'kept bodies')
      const bodies: Uint8Array[] = []
      while (reader.remaining > 0) bodies.push(reader.block())
      return bodies
    })
  }

  releaseDictionary(service: number): void {
    this.#dictionaries[service] = undefined
  }

  plansOf(dictionary: Dictionary): ColumnPlans {
    let plans = this.#plans.get(dictionary)
    if (plans === undefined) {
      plans = new ColumnPlans(dictionary)
      this.#plans.set(dictionary, plans)
    }
    return plans
  }

  async #read(place: Place, options: ReadOptions): Promise<Uint8Array> {
    const bytes = await this.source.read(place.offset, place.length, options)
    if (bytes.length !== place.length)
      throw new BlockCorruptError(
        this.name,
        `bytes ${place.offset} on`,
        `${bytes.length}, want ${place.length}`,
      )
    return bytes
  }

  /** Places that lie close together are read as one range. */
  async #readAll(places: readonly Place[], options: ReadOptions): Promise<Uint8Array[]> {
    const results: Uint8Array[] = places.map(() => new Uint8Array(0))
    const order = places
      .flatMap(({ length }, i) => (length === 0 ? [] : [i]))
      .sort((a, b) => places[a]!.offset - places[b]!.offset)
    const spans: { start: number; end: number; members: number[] }[] = []
    for (const i of order) {
      const { offset, length } = places[i]!
      const span = spans.at(-1)
      if (span !== undefined && offset - span.end <= maxGapBytes) {
        span.end = Math.max(span.end, offset + length)
        span.members.push(i)
      } else spans.push({ start: offset, end: offset + length, members: [i] })
    }
    await Promise.all(
      spans.map(async ({ start, end, members }) => {
        const bytes = await this.#read({ offset: start, length: end - start }, options)
        for (const i of members) {
          const from = places[i]!.offset - start
          results[i] = bytes.subarray(from, from + places[i]!.length)
        }
      }),
    )
    return results
  }
}

/** A read of its own costs more than this many bytes. */
const maxGapBytes = 32 * 1024

function sectionSizes(tail: Tail): Record<string, number> {
  const sizes = { sums: 0, totals: 0, bodies: 0, kept: 0, symbols: 0, rows: 0 }
  for (const place of tail.services) sizes.symbols += place.length
  for (const series of tail.series) {
    sizes.rows += series.rows.length
    sizes.sums += series.sums.length
    sizes.totals += series.totals.length
    for (const group of series.groups) {
      sizes.bodies += group.body.length
      sizes.kept += group.kept.length
    }
  }
  return sizes
}

/** Gives a decoder's error the block's name. Anything else, such as zstd's own, is corruption too. */
export function corruptAs<T>(block: string, section: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError || isZstdError(error))
      throw new BlockCorruptError(block, section, (error as Error).message, { cause: error })
    throw error
  }
}

function isZstdError(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return code.startsWith('ZSTD_') || code === 'ERR_BUFFER_TOO_LARGE' || code.startsWith('Z_')
}
