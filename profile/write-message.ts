import type { ByteWriter } from '../lib/bytes/byte-writer.ts'

/** Leaves one byte for the length; `endMessage` makes room where it needs more. */
export function beginMessage(out: ByteWriter, field: number): number {
  out.reserve(2)
  out.buffer[out.length++] = field * 8 + 2
  return out.length++
}

export function endMessage(out: ByteWriter, lengthAt: number): void {
  const length = out.length - lengthAt - 1
  if (length < 0x80) {
    out.buffer[lengthAt] = length
    return
  }
  const extra = varintSize(length) - 1
  out.reserve(extra)
  out.buffer.copyWithin(lengthAt + 1 + extra, lengthAt + 1, out.length)
  const end = out.length + extra
  out.length = lengthAt
  out.varint(length)
  out.length = end
}

export function writeField64(out: ByteWriter, field: number, value: bigint): void {
  out.byte(field * 8)
  out.varint64(value)
}

export function writeLowHigh(out: ByteWriter, low: number, high: number): void {
  if (high < 0x200000) out.varint(high * 4294967296 + low)
  else out.varint64((BigInt(high) << 32n) | BigInt(low))
}

export function varintSize(value: number): number {
  let size = 1
  while (value > 0x7f) {
    value = Math.floor(value / 128)
    size++
  }
  return size
}
