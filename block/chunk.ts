import { promisify } from 'node:util'
import { constants, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ByteReader } from '../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { crc32c } from '../lib/bytes/crc32c.ts'

/**
 * A chunk is what blocks are made of: `method <1>, raw length <varint>, payload, crc32c <4>`, the checksum over
 * all before it. Method 0 stores, method 1 is one zstd frame; whichever is shorter is written.
 */
export function encodeChunk(raw: Uint8Array, level: number): Uint8Array {
  return frame(raw, isWorthPacking(raw, level) ? zstdCompressSync(raw, packing(raw, level)) : undefined)
}

/** As `encodeChunk`, the same bytes, but packed by another thread: the highest levels take seconds per megabyte. */
export async function encodeChunkAside(raw: Uint8Array, level: number): Promise<Uint8Array> {
  return frame(raw, isWorthPacking(raw, level) ? await pack(raw, packing(raw, level)) : undefined)
}

const pack = promisify(zstdCompress)

function isWorthPacking(raw: Uint8Array, level: number): boolean {
  return level > 0 && raw.length > 32
}

function packing(raw: Uint8Array, level: number) {
  return {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_contentSizeFlag]: 0 },
    pledgedSrcSize: raw.length,
  }
}

function frame(raw: Uint8Array, packed: Uint8Array | undefined): Uint8Array {
  const out = new ByteWriter(raw.length / 2 + 32)
  const isPacked = packed !== undefined && packed.length < raw.length
  out.byte(isPacked ? 1 : 0)
  out.varint(raw.length)
  out.raw(isPacked ? packed : raw)
  out.u32(crc32c(out.bytes()))
  return out.copy()
}

/** Checks the checksum, then the length against `maxRawBytes`, then inflates. `what` goes into errors. */
export function decodeChunk(bytes: Uint8Array, what: string, maxRawBytes = 1 << 30): Uint8Array {
  const reader = new ByteReader(bytes, what)
  if (bytes.length < 6) reader.fail(`${bytes.length} bytes, want a chunk of at least 6`)
  const end = bytes.length - 4
  const stored = new ByteReader(bytes, what, end).u32()
  const computed = crc32c(bytes, 0, end)
  if (stored !== computed) reader.fail(`crc32c is 0x${computed.toString(16)}, want 0x${stored.toString(16)}`)
  const method = reader.byte()
  const rawLength = reader.varint()
  if (rawLength > maxRawBytes) reader.fail(`${rawLength} bytes once inflated, want at most ${maxRawBytes}`)
  const payload = bytes.subarray(reader.offset, end)
  if (method === 0) {
    if (payload.length !== rawLength) reader.fail(`${payload.length} bytes stored, want ${rawLength}`)
    return payload
  }
  if (method !== 1) reader.fail(`method ${method}, want 0 or 1`)
  const raw = zstdDecompressSync(payload, {
    maxOutputLength: Math.max(rawLength, 1),
    // Of a length that is known: no list of pieces to join.
    chunkSize: Math.min(Math.max(rawLength, minChunkBytes), maxChunkBytes),
  })
  if (raw.length !== rawLength) reader.fail(`${raw.length} bytes inflated, want ${rawLength}`)
  return raw
}

/** zlib's own least, and as much as is taken at a time. */
const minChunkBytes = 64
const maxChunkBytes = 1 << 20
