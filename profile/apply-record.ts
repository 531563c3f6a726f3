import { ByteReader } from '../lib/bytes/byte-reader.ts'
import type { ColumnPlan, ColumnPlans } from './column-plan.ts'
import type { Dictionary } from './dictionary.ts'
import { goSpace, sampledCount } from './go-heap.ts'
import type { EntryOrder } from './profile-columns.ts'
import { flag, mode, op, stream } from './record-format.ts'
import type { SeriesState } from './series-state.ts'

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
  if (types === state.sampleTypeCount && isIdentity(source, before)) return state.values.slice()
  for (let type = 0; type < types; type++)
    for (let i = 0; i < count; i++) {
      const from = source[i]!
      if (from >= 0) values[type * count + i] = state.values[type * before + from]!
    }
  return values
}

/** Every sample stands where it stood. */
function isIdentity(source: Int32Array, before: number): boolean {
  if (source.length !== before) return false
  for (let i = 0; i < before; i++) if (source[i] !== i) return false
  return true
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
  const { values, keys, plan } = at
  const types = at.modes.length
  const columns = streams.slice(stream.values, stream.values + types)
  const count = keys.length
  const gaps = streams[stream.gaps]!
  for (const each of at.modes) if (each > mode.goSpace) gaps.fail(`value mode ${each}`)
  const modes = Uint8Array.from(at.modes)
  const masks = streams[stream.masks]!
  for (let type = 0; type < types; type++) {
    const isRaw = modes[type] === mode.raw || modes[type] === mode.multiple
    if (isRaw) values.fill(0, type * count, (type + 1) * count)
  }
  const { keyLabelSet } = at.dictionary
  let index = -1
  for (let left = at.changed; left > 0; left--) {
    index += 1 + gaps.varint()
    if (index >= count) gaps.fail(`sample ${index} of ${count}`)
    const mask = masks.varint()
    let objectsChanged = false
    for (let type = 0; type < types; type++) {
      const isSet = type < 31 && mask < 2 ** 31 ? (mask >>> type) & 1 : Math.floor(mask / 2 ** type) % 2
      const residual = isSet === 1 ? columns[type]!.zigzag() : 0
      const place = type * count + index
      switch (modes[type]) {
        case mode.delta:
        case mode.raw:
        case mode.multiple:
          if (residual !== 0) values[place] = values[place]! + residual
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
          if (residual !== 0) values[place] = values[place]! + residual
          break
        }
      }
    }
  }
  for (let type = 1; type < types; type++)
    if (modes[type] === mode.multiple)
      for (let i = 0; i < count; i++)
        values[type * count + i] = values[type * count + i]! + values[(type - 1) * count + i]! * plan.period
}

function readOrder(reader: ByteReader, limit: number): EntryOrder {
  const entries = readList(reader, limit)
  const ids = new Float64Array(entries.length)
  for (let i = 0; i < ids.length; i++) ids[i] = reader.varint()
  return { entries, ids }
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
