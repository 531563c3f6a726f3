import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import type { ColumnPlan } from './column-plan.ts'
import { goSpace, sampledCount } from './go-heap.ts'
import type { EntryOrder, ProfileColumns } from './profile-columns.ts'
import { flag, mode, op, stream } from './record-format.ts'
import type { SeriesState } from './series-state.ts'

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
    profile: ProfileColumns,
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
    meta.varint(profile.keys.length)
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

  #writeValues(profile: ProfileColumns, state: SeriesState, plan: ColumnPlan, labelSetOf: Uint32Array) {
    const count = profile.keys.length
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
    const all = this.#residuals
    const columns = this.#streams.slice(stream.values, stream.values + types)
    let changed = 0
    let next = 0
    for (let i = 0; i < count; i++) {
      let mask = 0
      for (let type = 0, bit = 1; type < types; type++, bit *= 2) if (all[type]![i] !== 0) mask += bit
      if (mask === 0) continue
      gaps.varint(i - next)
      masks.varint(mask)
      next = i + 1
      changed++
      for (let type = 0; type < types; type++) {
        const residual = all[type]![i]!
        if (residual !== 0) columns[type]!.zigzag(residual)
      }
    }
    return changed
  }
}

function writeOrder(out: ByteWriter, order: EntryOrder): void {
  writeList(out, order.entries)
  for (const id of order.ids) out.varint(id)
}

function writeList(out: ByteWriter, entries: Uint32Array): void {
  out.varint(entries.length)
  let next = 0
  for (const entry of entries) {
    out.zigzag(entry - next)
    next = entry + 1
  }
}
