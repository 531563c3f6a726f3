import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { DecodedPprof, EntryOrder } from './decode-pprof.ts'
import type { Dictionary } from './dictionary.ts'
import type { ProfileColumns } from './encode-pprof.ts'
import { GoHeapModel, sampledCount } from './go-heap.ts'
import { headerFacts } from './header.ts'
import { sampleKind } from './kind.ts'
import type { SampleType } from './symbols.ts'

/**
 * A record is one profile told as what changed since the profile before it in its group: seven or more streams of
 * varints, each with its own kind of number, so that a group's streams compress well one after the other.
 * Every stream ends where its record's counts say. docs/format/block.md draws them.
 */
export const stream = { meta: 0, times: 1, ops: 2, gaps: 3, masks: 4, extra: 5, values: 6 } as const

const op = { copy: 0, ids: 1, jump: 2 } as const

/** How a column's values are predicted; what is stored is the difference. */
const mode = {
  /** From the sample's value in the profile before. */
  delta: 0,
  /** From 0. */
  raw: 1,
  /** From the column before, times the period: CPU nanoseconds from sample counts. */
  multiple: 2,
  /** As Go's scaled sample counts: what is stored is the change of the unscaled count. */
  goObjects: 3,
  /** As Go's scaled bytes, from the column before. */
  goSpace: 4,
} as const

const flag = { wide: 1, locations: 2, functions: 4, strings: 8 } as const

/** Where the chain of a group stands: the last profile, whole. A new group starts from `emptyState()`. */
export interface SeriesState {
  /** -1 before the first record. */
  header: number
  sampleTypeCount: number
  keys: Uint32Array
  values: Float64Array
  wideValues: BigInt64Array | undefined
  timeNanos: bigint
  durationNanos: bigint
  locations: EntryOrder | undefined
  functions: EntryOrder | undefined
  strings: Uint32Array | undefined
  /** One above the highest key of the chain. */
  nextKey: number
}

export function emptyState(): SeriesState {
  return {
    header: -1,
    sampleTypeCount: 0,
    keys: new Uint32Array(0),
    values: new Float64Array(0),
    wideValues: undefined,
    timeNanos: 0n,
    durationNanos: 0n,
    locations: undefined,
    functions: undefined,
    strings: undefined,
    nextKey: 0,
  }
}

export function columnsOf(state: SeriesState): ProfileColumns {
  return state
}

/** Facts about a header that decide how values are predicted, worked out once per dictionary. */
export interface ColumnPlan {
  readonly sampleTypes: readonly SampleType[]
  readonly isCounter: readonly boolean[]
  readonly isDuration: readonly boolean[]
  readonly isGoObjects: readonly boolean[]
  readonly period: number
  readonly model: GoHeapModel | undefined
}

/** Plans of one dictionary's headers. */
export class ColumnPlans {
  readonly #dictionary: Dictionary
  readonly #plans: ColumnPlan[] = []
  readonly #models = new Map<number, GoHeapModel>()

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
  }

  plan(header: number): ColumnPlan {
    this.#plans[header] ??= this.#make(header)
    return this.#plans[header]
  }

  #make(header: number): ColumnPlan {
    const { sampleTypes, period } = headerFacts(this.#dictionary.headers[header]!, this.#dictionary)
    const isSafe = period > 1n && period < 2n ** 40n
    const names = sampleTypes.map(({ type }) => type)
    const isGoObjects = names.map(
      (name, i) => isSafe && name.endsWith('_objects') && names[i + 1] === name.replace('_objects', '_space'),
    )
    const rate = Number(period)
    let model: GoHeapModel | undefined
    if (isGoObjects.includes(true)) {
      model = this.#models.get(rate) ?? new GoHeapModel(this.#dictionary, rate)
      this.#models.set(rate, model)
    }
    const kinds = sampleTypes.map((sampleType) => sampleKind(sampleType, ''))
    return {
      sampleTypes,
      isCounter: kinds.map((kind) => kind === 'counter'),
      isDuration: kinds.map((kind) => kind === 'duration'),
      isGoObjects,
      period: isSafe ? rate : 0,
      model,
    }
  }
}

/** Writes records. Reuse one: its scratch grows once. */
export class RecordEncoder {
  readonly #streams: ByteWriter[] = []
  readonly #out = new ByteWriter(4096)
  #position = new Int32Array(1024)
  #source = new Int32Array(1024)
  #residuals: Float64Array[] = []

  /**
   * The record of `profile` after `state`, which stays as it is: `applyRecord` moves it on.
   * `strings` is given where their order is not that of first use. The bytes are a copy.
   */
  encode(
    profile: DecodedPprof,
    state: SeriesState,
    options: {
      readonly timeMs: number
      readonly plan: ColumnPlan
      readonly labelSetOf: Uint32Array
      readonly strings: Uint32Array | undefined
    },
  ): { record: Uint8Array; mayBeReset: boolean } {
    const types = profile.sampleTypeCount
    while (this.#streams.length < stream.values + types) this.#streams.push(new ByteWriter(256))
    for (const out of this.#streams) out.clear()
    const continues = state.header === profile.header && state.wideValues === undefined
    const isWide = profile.wideValues !== undefined
    this.#writeOps(profile.keys, continues ? state.keys : new Uint32Array(0), state.nextKey)
    const { changed, mayBeReset, modes } = isWide
      ? { changed: 0, mayBeReset: false, modes: [] }
      : this.#writeValues(profile, state, options.plan, options.labelSetOf)
    const [meta, times] = [this.#streams[stream.meta]!, this.#streams[stream.times]!]
    const extra = this.#streams[stream.extra]!
    meta.varint(
      (isWide ? flag.wide : 0) |
        (profile.locations === undefined ? 0 : flag.locations) |
        (profile.functions === undefined ? 0 : flag.functions) |
        (options.strings === undefined ? 0 : flag.strings),
    )
    meta.varint(profile.header)
    meta.varint(types)
    meta.varint(profile.sampleCount)
    meta.varint(changed)
    for (const each of modes) meta.varint(each)
    times.zigzag64(BigInt.asIntN(64, profile.timeNanos - BigInt(options.timeMs) * 1_000_000n))
    times.zigzag64(BigInt.asIntN(64, profile.durationNanos - state.durationNanos))
    if (profile.wideValues !== undefined) for (const value of profile.wideValues) extra.zigzag64(value)
    if (profile.locations !== undefined) writeOrder(extra, profile.locations)
    if (profile.functions !== undefined) writeOrder(extra, profile.functions)
    if (options.strings !== undefined) writeList(extra, options.strings)

    const out = this.#out
    out.clear()
    const count = stream.values + types
    out.varint(count)
    for (let i = 0; i < count; i++) out.varint(this.#streams[i]!.length)
    for (let i = 0; i < count; i++) out.raw(this.#streams[i]!.bytes())
    return { record: out.copy(), mayBeReset }
  }

  /** Fills `#source`: where each sample stood in the profile before, or -1. */
  #writeOps(keys: Uint32Array, previous: Uint32Array, nextKey: number): void {
    const ops = this.#streams[stream.ops]!
    const count = keys.length
    if (count > this.#source.length) this.#source = new Int32Array(count * 2)
    const source = this.#source
    let cursor = 0
    let hasPositions = false
    for (let i = 0; i < count; ) {
      if (keys[i] === previous[cursor]) {
        const start = i
        while (i < count && keys[i] === previous[cursor]) source[i++] = cursor++
        ops.varint((i - start) * 4 + op.copy)
        continue
      }
      if (!hasPositions) {
        this.#rememberPositions(previous, keys)
        hasPositions = true
      }
      const position = this.#position[keys[i]!]!
      if (position >= 0) {
        const distance = position - cursor
        ops.varint((distance < 0 ? -2 * distance - 1 : 2 * distance) * 4 + op.jump)
        cursor = position
        continue
      }
      const start = i
      const first = keys[i]!
      do source[i++] = -1
      while (
        i < count &&
        keys[i] === keys[i - 1]! + 1 &&
        keys[i] !== previous[cursor] &&
        this.#position[keys[i]!]! < 0
      )
      ops.varint((i - start) * 4 + op.ids)
      ops.zigzag(first - nextKey)
      nextKey = Math.max(nextKey, first + i - start)
    }
  }

  #rememberPositions(previous: Uint32Array, keys: Uint32Array): void {
    let highest = 0
    for (const key of previous) if (key > highest) highest = key
    for (const key of keys) if (key > highest) highest = key
    if (highest >= this.#position.length) this.#position = new Int32Array(highest * 2)
    this.#position.fill(-1, 0, highest + 1)
    for (let i = previous.length - 1; i >= 0; i--) this.#position[previous[i]!] = i
  }

  #writeValues(profile: DecodedPprof, state: SeriesState, plan: ColumnPlan, labelSetOf: Uint32Array) {
    const count = profile.sampleCount
    const types = profile.sampleTypeCount
    const before = state.keys.length
    const source = this.#source
    const { keys, values } = profile
    const modes: number[] = []
    let mayBeReset = false
    for (let type = 0; type < types; type++) {
      let residuals = this.#residuals[type]
      if (residuals === undefined || residuals.length < count) {
        residuals = new Float64Array(count * 2)
        this.#residuals[type] = residuals
      }
      const at = type * count
      const was = type * before
      let chosen: number
      if (plan.isGoObjects[type] && goObjectResiduals()) chosen = mode.goObjects
      else if (modes[type - 1] === mode.goObjects) {
        chosen = mode.goSpace
        const model = plan.model!
        for (let i = 0; i < count; i++) {
          const from = source[i]!
          const objects = values[at - count + i]!
          const objectsBefore = from < 0 ? 0 : state.values[was - before + from]!
          const labelSet = labelSetOf[keys[i]!]!
          const predicted =
            objects === objectsBefore
              ? from < 0
                ? 0
                : state.values[was + from]!
              : goSpace(objects, model.scale(labelSet), model.size(labelSet))
          residuals[i] = values[at + i]! - predicted
        }
      } else if (plan.isDuration[type]) {
        chosen = type > 0 && plan.period > 0 && isMultiple(type) ? mode.multiple : mode.raw
        for (let i = 0; i < count; i++)
          residuals[i] =
            chosen === mode.raw ? values[at + i]! : values[at + i]! - values[at - count + i]! * plan.period
      } else {
        chosen = mode.delta
        for (let i = 0; i < count; i++) {
          const from = source[i]!
          residuals[i] = values[at + i]! - (from < 0 ? 0 : state.values[was + from]!)
        }
      }
      modes.push(chosen)
      if (plan.isCounter[type])
        for (let i = 0; i < count && !mayBeReset; i++) {
          const from = source[i]!
          if (from >= 0 && values[at + i]! < state.values[was + from]!) mayBeReset = true
        }

      function isMultiple(t: number): boolean {
        for (let i = 0; i < count; i++)
          if (values[t * count + i] !== values[(t - 1) * count + i]! * plan.period) return false
        return true
      }

      function goObjectResiduals(): boolean {
        const model = plan.model!
        for (let i = 0; i < count; i++) {
          const from = source[i]!
          const value = values[at + i]!
          const previous = from < 0 ? 0 : state.values[was + from]!
          if (value === previous) {
            residuals![i] = 0
            continue
          }
          const scale = model.scale(labelSetOf[keys[i]!]!)
          if (scale === 0 || value < 0 || previous < 0) return false
          const sampled = sampledCount(value, scale)
          const residual = sampled - sampledCount(previous, scale)
          if (residual === 0 || Math.trunc(sampled * scale) !== value) return false
          residuals![i] = residual
        }
        return true
      }
    }
    return { changed: this.#writeResiduals(count, types), mayBeReset, modes }
  }

  #writeResiduals(count: number, types: number): number {
    const gaps = this.#streams[stream.gaps]!
    const masks = this.#streams[stream.masks]!
    let changed = 0
    let next = 0
    for (let i = 0; i < count; i++) {
      let mask = 0
      for (let type = 0; type < types; type++) if (this.#residuals[type]![i] !== 0) mask += 2 ** type
      if (mask === 0) continue
      gaps.varint(i - next)
      masks.varint(mask)
      next = i + 1
      changed++
      for (let type = 0; type < types; type++) {
        const residual = this.#residuals[type]![i]!
        if (residual !== 0) this.#streams[stream.values + type]!.zigzag(residual)
      }
    }
    return changed
  }
}

/** The streams of one record, as `applyRecord` reads them. */
export function recordStreams(record: Uint8Array): ByteReader[] {
  const reader = new ByteReader(record, 'profile record')
  const count = reader.count()
  const lengths: number[] = []
  for (let i = 0; i < count; i++) lengths.push(reader.varint())
  return lengths.map((length) => new ByteReader(reader.raw(length), 'profile record'))
}

/**
 * Moves `state` on to the next record. `timeMs` is the row's time. Bounds every count by `maxSamples` and every
 * key by the dictionary; throws DecodeError.
 */
export function applyRecord(
  streams: readonly ByteReader[],
  state: SeriesState,
  options: { readonly timeMs: number; readonly plans: ColumnPlans; readonly dictionary: Dictionary },
): void {
  const { dictionary } = options
  const meta = streams[stream.meta]!
  const flags = meta.varint()
  const header = meta.varint()
  if (header >= dictionary.headers.length)
    meta.fail(`header ${header}, there are ${dictionary.headers.length}`)
  const types = meta.varint()
  if (types > maxSampleTypes || streams.length < stream.values + types) meta.fail(`${types} sample types`)
  const count = meta.varint()
  const changed = meta.varint()
  if (count > maxSamples || changed > count) meta.fail(`${count} samples, ${changed} of them changed`)
  const isWide = (flags & flag.wide) !== 0
  const modes: number[] = []
  if (!isWide) for (let type = 0; type < types; type++) modes.push(meta.varint())
  const continues = state.header === header && state.wideValues === undefined
  const before = continues ? state.keys : new Uint32Array(0)
  const source = new Int32Array(count)
  const keys = readOps(streams[stream.ops]!, count, before, source, state, dictionary.keyCount)
  const times = streams[stream.times]!
  state.timeNanos = BigInt.asIntN(64, times.zigzag64() + BigInt(options.timeMs) * 1_000_000n)
  state.durationNanos = BigInt.asIntN(64, times.zigzag64() + state.durationNanos)
  const extra = streams[stream.extra]!
  let wideValues: BigInt64Array | undefined
  let values: Float64Array
  if (isWide) {
    if (count * types > extra.remaining)
      extra.fail(`${count * types} values, ${extra.remaining} bytes are left`)
    wideValues = new BigInt64Array(count * types)
    for (let i = 0; i < wideValues.length; i++) wideValues[i] = extra.zigzag64()
    values = new Float64Array(0)
  } else {
    values = predict(state, types, source, continues)
    const plan = options.plans.plan(header)
    readValues(streams, { values, keys, source, state, modes, changed, plan, dictionary })
  }
  state.locations = (flags & flag.locations) === 0 ? undefined : readOrder(extra, dictionary.locationCount)
  state.functions = (flags & flag.functions) === 0 ? undefined : readOrder(extra, dictionary.functionCount)
  state.strings = (flags & flag.strings) === 0 ? undefined : readList(extra, dictionary.stringCount)
  state.header = header
  state.sampleTypeCount = types
  state.keys = keys
  state.values = values
  state.wideValues = wideValues
}

function readOps(
  ops: ByteReader,
  count: number,
  before: Uint32Array,
  source: Int32Array,
  state: SeriesState,
  keyCount: number,
): Uint32Array {
  const keys = new Uint32Array(count)
  let cursor = 0
  let next = state.nextKey
  for (let i = 0; i < count; ) {
    const word = ops.varint()
    const argument = Math.floor(word / 4)
    switch (word % 4) {
      case op.copy:
        if (argument === 0 || argument > count - i || cursor + argument > before.length)
          ops.fail(`copy ${argument} from ${cursor} of ${before.length}, ${count - i} are wanted`)
        for (let j = 0; j < argument; j++) {
          source[i] = cursor
          keys[i++] = before[cursor++]!
        }
        break
      case op.ids: {
        const first = next + ops.zigzag()
        if (argument === 0 || argument > count - i || first < 0 || first + argument > keyCount)
          ops.fail(`${argument} sample keys from ${first} of ${keyCount}`)
        for (let j = 0; j < argument; j++) {
          source[i] = -1
          keys[i++] = first + j
        }
        next = Math.max(next, first + argument)
        break
      }
      case op.jump:
        cursor += argument % 2 === 0 ? argument / 2 : -(argument + 1) / 2
        if (cursor < 0 || cursor >= before.length) ops.fail(`jump to ${cursor} of ${before.length}`)
        break
      default:
        ops.fail(`operation ${word % 4}`)
    }
  }
  state.nextKey = next
  return keys
}

/** Every value as if nothing had changed. */
function predict(state: SeriesState, types: number, source: Int32Array, continues: boolean): Float64Array {
  const count = source.length
  const values = new Float64Array(count * types)
  if (!continues) return values
  const before = state.keys.length
  for (let type = 0; type < types; type++)
    for (let i = 0; i < count; i++) {
      const from = source[i]!
      if (from >= 0) values[type * count + i] = state.values[type * before + from]!
    }
  return values
}

function readValues(
  streams: readonly ByteReader[],
  at: {
    readonly values: Float64Array
    readonly keys: Uint32Array
    readonly source: Int32Array
    readonly state: SeriesState
    readonly modes: readonly number[]
    readonly changed: number
    readonly plan: ColumnPlan
    readonly dictionary: Dictionary
  },
): void {
  const { values, keys, modes, plan } = at
  const count = keys.length
  const types = modes.length
  const gaps = streams[stream.gaps]!
  const masks = streams[stream.masks]!
  const isRaw = modes.map((each) => each === mode.raw || each === mode.multiple)
  for (let type = 0; type < types; type++) if (isRaw[type]) values.fill(0, type * count, (type + 1) * count)
  const { keyLabelSet } = at.dictionary
  let index = -1
  for (let left = at.changed; left > 0; left--) {
    index += 1 + gaps.varint()
    if (index >= count) gaps.fail(`sample ${index} of ${count}`)
    const mask = masks.varint()
    let objectsChanged = false
    for (let type = 0, bit = 1; type < types; type++, bit *= 2) {
      const residual = Math.floor(mask / bit) % 2 === 1 ? streams[stream.values + type]!.zigzag() : 0
      const place = type * count + index
      switch (modes[type]) {
        case mode.delta:
        case mode.raw:
        case mode.multiple:
          values[place] = values[place]! + residual
          break
        case mode.goObjects:
          objectsChanged = residual !== 0
          if (objectsChanged) {
            const model = plan.model ?? gaps.fail('a heap column in a profile without a rate')
            const scale = model.scale(keyLabelSet[keys[index]!]!)
            values[place] = Math.trunc((sampledCount(values[place]!, scale) + residual) * scale)
          }
          break
        case mode.goSpace: {
          if (objectsChanged) {
            const model = plan.model ?? gaps.fail('a heap column in a profile without a rate')
            const labelSet = keyLabelSet[keys[index]!]!
            values[place] = goSpace(values[place - count]!, model.scale(labelSet), model.size(labelSet))
          }
          values[place] = values[place]! + residual
          break
        }
        default:
          gaps.fail(`value mode ${modes[type]}`)
      }
    }
  }
  for (let type = 1; type < types; type++)
    if (modes[type] === mode.multiple)
      for (let i = 0; i < count; i++)
        values[type * count + i] = values[type * count + i]! + values[(type - 1) * count + i]! * plan.period
}

function goSpace(objects: number, scale: number, size: number): number {
  return objects === 0 || scale === 0 ? 0 : Math.trunc(sampledCount(objects, scale) * size * scale)
}

function writeOrder(out: ByteWriter, order: EntryOrder): void {
  writeList(out, order.entries)
  for (const id of order.ids) out.varint(id)
}

function readOrder(reader: ByteReader, limit: number): EntryOrder {
  const entries = readList(reader, limit)
  const ids = new Float64Array(entries.length)
  for (let i = 0; i < ids.length; i++) ids[i] = reader.varint()
  return { entries, ids }
}

function writeList(out: ByteWriter, entries: Uint32Array): void {
  out.varint(entries.length)
  let next = 0
  for (const entry of entries) {
    out.zigzag(entry - next)
    next = entry + 1
  }
}

function readList(reader: ByteReader, limit: number): Uint32Array {
  const entries = new Uint32Array(reader.count())
  let next = 0
  for (let i = 0; i < entries.length; i++) {
    const entry = next + reader.zigzag()
    if (entry < 0 || entry >= limit) reader.fail(`entry ${entry} of ${limit}`)
    entries[i] = entry
    next = entry + 1
  }
  return entries
}

/** One sample is at least two bytes of pprof, and no body is larger than 128 MiB. */
const maxSamples = 64 * 1024 * 1024
const maxSampleTypes = 40
