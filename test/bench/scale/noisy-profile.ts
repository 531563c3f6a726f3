import { PprofDecoder } from '../../../profile/decode-pprof.ts'
import type { Dictionary } from '../../../profile/dictionary.ts'
import { ProtobufCursor } from '../../../profile/protobuf-cursor.ts'
import { hash32, Random } from './random.ts'

/**
 * Where the noise of a value comes from: of each value of each profile anew, or of the process, so that a stack keeps
 * its factor for a pod's whole life, as replicas differ from each other. `none` leaves what was recorded.
 */
export type Noise = 'each' | 'pod' | 'none'

export interface NoiseOptions {
  readonly noise: Noise
  /** Of this profile where noise is `each`, of this process where it is `pod`. */
  readonly seed: number
  /** What the profile says about when it was taken; unix ns. */
  readonly timeNanos: bigint
}

/** Most that a value is off, up or down. */
export const maxNoise = 0.05

/** A recorded profile, ready to be written again with other values; all else stays byte for byte. */
export class NoisyProfile {
  readonly #bytes: Uint8Array
  /** Per sample: start of the message's tag, start and end of its content, first of its values in `#values`. */
  readonly #samples: Int32Array
  /** Per value field: start of its tag, start and end of the content, 1 where packed. */
  readonly #fields: Int32Array
  /** The samples' stacks, by numbers that hold for all profiles with this dictionary. */
  readonly #keys: Uint32Array
  readonly #timeAt: number
  readonly timeNanos: bigint
  /** What noise of `each` adds that nobody can take away again: of each value, which of its neighbours it became. */
  readonly noiseBits: number
  readonly sizeBytes: number

  /** `bytes` is inflated. */
  constructor(bytes: Uint8Array, dictionary: Dictionary) {
    this.#bytes = bytes
    const decoded = new PprofDecoder().decode(bytes, dictionary, new Uint32Array(0))
    this.#keys = decoded.keys.slice()
    this.timeNanos = decoded.timeNanos
    this.sizeBytes = bytes.length
    this.noiseBits = decoded.values.reduce((sum, value) => sum + Math.log2(neighbours(value)), 0)
    const samples: number[] = []
    const fields: number[] = []
    const cursor = new ProtobufCursor(bytes)
    let timeAt = -1
    for (let at = 0; cursor.field(); at = cursor.offset) {
      if (cursor.number === 9) timeAt = at + 1
      if (cursor.number !== 2) continue
      const { start, stop } = cursor
      samples.push(at, start, stop, fields.length / 4)
      const inner = new ProtobufCursor(bytes)
      inner.enter(start, stop)
      for (let field = start; inner.field(); field = inner.offset) {
        if (inner.number !== 2) continue
        if (inner.wireType === 2) fields.push(field, inner.start, inner.stop, 1)
        else fields.push(field, field + 1, inner.offset, 0)
      }
    }
    samples.push(bytes.length, bytes.length, bytes.length, fields.length / 4)
    this.#samples = Int32Array.from(samples)
    this.#fields = Int32Array.from(fields)
    this.#timeAt = timeAt
  }

  /** A copy. A zero stays zero, a small value stays itself: what is below half a unit is rounded away. */
  write(options: NoiseOptions): Uint8Array {
    const out = new Output(this.#bytes.length + this.#samples.length * 4 + 64)
    const samples = this.#samples
    const vary = options.noise === 'none' ? undefined : this.#factors(options)
    let from = 0
    let timeAt = -1
    const copyTo = (end: number) => {
      if (this.#timeAt >= from && this.#timeAt < end) timeAt = out.length + this.#timeAt - from
      out.copy(this.#bytes, from, end)
    }
    for (let s = 0; vary !== undefined && s + 4 < samples.length; s += 4) {
      const [at, start, stop] = [samples[s]!, samples[s + 1]!, samples[s + 2]!]
      copyTo(at)
      out.message(2, () => this.#writeSample(out, s, start, stop, vary))
      from = stop
    }
    copyTo(this.#bytes.length)
    if (timeAt >= 0) writeTime(out, timeAt, options.timeNanos)
    return out.bytes.slice(0, out.length)
  }

  #writeSample(
    out: Output,
    sample: number,
    start: number,
    stop: number,
    vary: (value: number, sample: number, type: number) => number,
  ): void {
    const fields = this.#fields
    let from = start
    let type = 0
    for (let f = this.#samples[sample + 3]! * 4; f < this.#samples[sample + 7]! * 4; f += 4) {
      const [tag, begin, end, isPacked] = [fields[f]!, fields[f + 1]!, fields[f + 2]!, fields[f + 3]!]
      out.copy(this.#bytes, from, tag)
      const writeValues = () => {
        for (let at = begin; at < end; type++) at = this.#writeValue(out, at, sample / 4, type, vary)
      }
      if (isPacked === 1) out.message(2, writeValues)
      else {
        out.byte(0x10)
        writeValues()
      }
      from = end
    }
    out.copy(this.#bytes, from, stop)
  }

  /** Returns where the next one begins. */
  #writeValue(
    out: Output,
    at: number,
    sample: number,
    type: number,
    vary: (value: number, sample: number, type: number) => number,
  ): number {
    const bytes = this.#bytes
    let end = at
    let value = 0
    let scale = 1
    for (;;) {
      const byte = bytes[end++]!
      value += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) break
    }
    // Beyond 2^53, or negative: as it was.
    if (value > Number.MAX_SAFE_INTEGER) out.copy(bytes, at, end)
    else out.varint(value === 0 ? 0 : Math.round(value * vary(value, sample, type)))
    return end
  }

  #factors({ noise, seed }: NoiseOptions): (value: number, sample: number, type: number) => number {
    if (noise === 'each') {
      const random = new Random(seed)
      return () => 1 + (random.next() * 2 - 1) * maxNoise
    }
    const keys = this.#keys
    return (_, sample, type) => 1 + ((hash32(seed, keys[sample]!, type) / 2 ** 32) * 2 - 1) * maxNoise
  }
}

/** Whole numbers that a value may become. */
function neighbours(value: number): number {
  return Math.max(1, Math.round(value * (1 + maxNoise)) - Math.round(value * (1 - maxNoise)) + 1)
}

/** Unix nanoseconds of our time take nine bytes, whichever they are. */
function writeTime(out: Output, at: number, timeNanos: bigint): void {
  let rest = timeNanos
  for (let i = 0; i < 9; i++, rest >>= 7n) out.bytes[at + i] = Number(rest & 0x7fn) | (i < 8 ? 0x80 : 0)
}

class Output {
  bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
  }

  copy(from: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    // Most pieces are a few bytes, for which a view costs more.
    if (end - start < 64) for (let at = start; at < end; at++) this.bytes[this.length++] = from[at]!
    else {
      this.bytes.set(from.subarray(start, end), this.length)
      this.length += end - start
    }
  }

  byte(value: number): void {
    this.#reserve(1)
    this.bytes[this.length++] = value
  }

  varint(value: number): void {
    this.#reserve(10)
    let rest = value
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) this.bytes[this.length++] = (rest % 128) | 0x80
    for (; rest >= 0x80; rest >>>= 7) this.bytes[this.length++] = (rest & 0x7f) | 0x80
    this.bytes[this.length++] = rest
  }

  /** Field `number` with what `write` writes. */
  message(number: number, write: () => void): void {
    this.byte(number * 8 + 2)
    const at = this.length
    this.byte(0)
    write()
    const size = this.length - at - 1
    if (size < 0x80) {
      this.bytes[at] = size
      return
    }
    const digits = size < 1 << 14 ? 2 : size < 1 << 21 ? 3 : 4
    this.#reserve(digits)
    this.bytes.copyWithin(at + digits, at + 1, this.length)
    this.length = at
    this.varint(size)
    this.length = at + digits + size
  }

  #reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = new Uint8Array((this.length + count) * 2)
    grown.set(this.bytes)
    this.bytes = grown
  }
}
