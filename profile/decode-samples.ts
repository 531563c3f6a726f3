import type { Dictionary } from './dictionary.ts'
import type { PprofFile } from './pprof-file.ts'
import type { ProtobufCursor } from './protobuf-cursor.ts'
import { appendShape, maxShape } from './shape.ts'

/** Decodes samples: keys and columns of values. What it gives are its own arrays, which are reused. */
export class SampleDecoder {
  #stack = new Uint32Array(256)
  #keys = new Uint32Array(1024)
  #values = new Float64Array(1024)
  #position = new Int32Array(1024)
  readonly #walk = { depth: 0, locationsSeen: 0, isOutOfOrder: false }

  /** `localLocation` holds the dictionary's locations by place, `locationPlaces` places by id where ids are odd. */
  decode(
    file: PprofFile,
    cursor: ProtobufCursor,
    dictionary: Dictionary,
    previousKeys: Uint32Array,
    sampleTypeCount: number,
    localLocation: Uint32Array,
    locationPlaces: Map<number, number> | undefined,
  ) {
    const { count, start, stop } = file.samples
    const locationCount = file.locations.count
    if (count > this.#keys.length) this.#keys = new Uint32Array(count * 2)
    if (count * sampleTypeCount > this.#values.length)
      this.#values = new Float64Array(count * sampleTypeCount * 2)
    const keys = this.#keys
    const values = this.#values
    let wideValues: BigInt64Array | undefined
    let locationsSeen = 0
    let locationsPredicted = true
    let guess = 0
    let hasPositions = false
    const labels: number[] = []
    for (let i = 0; i < count; i++) {
      let depth = 0
      let valueCount = 0
      let shape = 0
      let lastField = 0
      labels.length = 0
      cursor.enter(start[i]!, stop[i]!)
      while (cursor.field()) {
        const number = cursor.number
        const packed = cursor.wireType === 2 ? 1 : 0
        if (number === 1 || number === 2) {
          if (cursor.wireType > 2 || cursor.wireType === 1) cursor.fail(`wire type ${cursor.wireType}`)
          if (lastField !== number || packed === 1) shape = appendShape(shape, number, packed)
          const outerEnd = cursor.end
          const outerOffset = cursor.offset
          if (number === 1 && packed === 1 && locationPlaces === undefined) {
            const seen = this.#decodeStack(cursor, locationsSeen, localLocation, locationCount)
            depth = seen.depth
            if (seen.isOutOfOrder) locationsPredicted = false
            locationsSeen = seen.locationsSeen
            lastField = number
            continue
          }
          if (packed === 1) cursor.enter(cursor.start, cursor.stop)
          while (packed === 0 || cursor.offset < cursor.end) {
            if (packed === 1) cursor.varint()
            if (number === 1) {
              let place = cursor.low - 1
              if (cursor.high !== 0 || locationPlaces !== undefined)
                place = locationPlaces?.get(file.id(cursor, 'location')) ?? -1
              if (place < 0 || place >= locationCount)
                cursor.fail(`location ${file.id(cursor, 'location')} of a sample, there is none with that id`)
              if (place >= locationsSeen) {
                if (place > locationsSeen) locationsPredicted = false
                locationsSeen = place + 1
              }
              if (depth >= this.#stack.length) {
                const grown = new Uint32Array(depth * 2)
                grown.set(this.#stack)
                this.#stack = grown
              }
              this.#stack[depth++] = localLocation[place]!
            } else {
              if (valueCount >= sampleTypeCount)
                cursor.fail(`more than ${sampleTypeCount} values in a sample, want one per sample type`)
              const at = valueCount++ * count + i
              values[at] = cursor.signed()
              if (wideValues !== undefined || !cursor.isNarrow()) {
                wideValues ??= toWide(values, count * sampleTypeCount)
                wideValues[at] = BigInt.asIntN(64, (BigInt(cursor.high) << 32n) | BigInt(cursor.low))
              }
            }
            if (packed === 0) break
          }
          if (packed === 1) cursor.enter(outerOffset, outerEnd)
        } else if (number === 3 && packed === 1) {
          if (lastField !== 3) shape = appendShape(shape, 3, 0)
          const end = cursor.end
          const resume = cursor.offset
          cursor.enter(cursor.start, cursor.stop)
          decodeLabel(file, cursor, labels)
          cursor.enter(resume, end)
        } else file.isComplete = false
        lastField = number
      }
      if (valueCount !== sampleTypeCount)
        cursor.fail(`${valueCount} values in sample ${i}, want ${sampleTypeCount}, one per sample type`)
      if (shape > maxShape) file.isComplete = false
      const labelSet = labels.length === 0 ? 0 : dictionary.internLabelSet(labels)
      const guessed = previousKeys[guess]
      if (
        guessed !== undefined &&
        dictionary.keyLabelSet[guessed] === labelSet &&
        dictionary.keyShape[guessed] === shape &&
        dictionary.isStack(dictionary.keyNode[guessed]!, this.#stack, depth)
      ) {
        keys[i] = guessed
        guess++
        continue
      }
      const node = dictionary.internStack(this.#stack, depth)
      const key = dictionary.internKey(node, labelSet, shape)
      keys[i] = key
      if (previousKeys.length === 0) continue
      if (!hasPositions) {
        this.#rememberPositions(previousKeys, dictionary.keyCount)
        hasPositions = true
      }
      const position = key < this.#position.length ? this.#position[key]! : -1
      if (position >= 0) guess = position + 1
    }
    return {
      keys: keys.subarray(0, count),
      values: values.subarray(0, count * sampleTypeCount),
      wideValues,
      locationsPredicted: locationsPredicted && locationsSeen === locationCount,
    }
  }

  /**
   * A packed list of location ids that count up from 1: where nearly all the bytes of a profile are, so it is read
   * without a call per id. Answers through `#walk`, which is reused.
   */
  #decodeStack(
    cursor: ProtobufCursor,
    seenBefore: number,
    localLocation: Uint32Array,
    locationCount: number,
  ) {
    const { buffer, start, stop } = cursor
    const walk = this.#walk
    if (stop - start > this.#stack.length) this.#stack = new Uint32Array((stop - start) * 2)
    const stack = this.#stack
    let seen = seenBefore
    let depth = 0
    walk.isOutOfOrder = false
    for (let at = start; at < stop; ) {
      let id = buffer[at++]!
      if (id >= 0x80) {
        id &= 0x7f
        let byte = 0x80
        for (let shift = 7; byte >= 0x80 && at < stop && shift <= 21; shift += 7) {
          byte = buffer[at++]!
          id |= (byte & 0x7f) << shift
        }
        if (byte >= 0x80) cursor.fail(`location ${id} of a sample, there are ${locationCount}`)
      }
      if (id === 0 || id > locationCount)
        cursor.fail(`location ${id} of a sample, there is none with that id`)
      if (id > seen) {
        if (id > seen + 1) walk.isOutOfOrder = true
        seen = id
      }
      stack[depth++] = localLocation[id - 1]!
    }
    walk.depth = depth
    walk.locationsSeen = seen
    return walk
  }

  #rememberPositions(keys: Uint32Array, keyCount: number): void {
    if (keyCount > this.#position.length) this.#position = new Int32Array(keyCount * 2)
    this.#position.fill(-1)
    for (let i = keys.length - 1; i >= 0; i--) this.#position[keys[i]!] = i
  }
}

function decodeLabel(file: PprofFile, cursor: ProtobufCursor, labels: number[]): void {
  const countAt = labels.push(0) - 1
  while (cursor.field()) {
    const number = cursor.number
    if (cursor.wireType !== 0 || number > 4) {
      file.isComplete = false
      continue
    }
    if (number === 3) labels.push(3, cursor.low, cursor.high)
    else labels.push(number, file.stringOf(cursor), 0)
    labels[countAt]!++
  }
}

function toWide(values: Float64Array, length: number): BigInt64Array {
  const wide = new BigInt64Array(length)
  for (let i = 0; i < length; i++) if (Number.isSafeInteger(values[i]!)) wide[i] = BigInt(values[i]!)
  return wide
}
