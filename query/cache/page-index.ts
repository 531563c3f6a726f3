import { crc32c } from '../../lib/bytes/crc32c.ts'

/**
 * Which pages of one object are on disk, as they lie in its `.index`:
 *
 *     ┌───────────┬───────────────┬───────────┬──────────────┬───────────┬──────────────────┐
 *     │ magic <8> │ pageBytes <4> │ tail <4>  │ sizeBytes <8>│ crc32c <4>│ mark <4> per page│
 *     └───────────┴───────────────┴───────────┴──────────────┴───────────┴──────────────────┘
 *
 * Little-endian; the checksum covers what is before it. A mark of 0 is a page that is not there. Nothing is synced:
 * whatever a power cut leaves behind does not fit its mark, and is fetched again.
 */
export interface PageIndexHeader {
  readonly sizeBytes: number
  /** The first page that belongs to the tail; the count of pages where none does. */
  readonly tailPage: number
}

/** Small, so that what is read of one small service brings little of its neighbours along. */
export const pageBytes = 4096
export const indexHeaderBytes = 28
export const markBytes = 4

const magic = Buffer.from('CPPAGES1')
/** More than any store takes in one request; marks of so many pages are 16 MiB. */
export const maxSizeBytes = 16 * 1024 ** 3

export function pageCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / pageBytes)
}

export function encodeIndexHeader({ sizeBytes, tailPage }: PageIndexHeader): Buffer {
  const header = Buffer.alloc(indexHeaderBytes)
  magic.copy(header)
  header.writeUInt32LE(pageBytes, 8)
  header.writeUInt32LE(tailPage, 12)
  header.writeBigUInt64LE(BigInt(sizeBytes), 16)
  header.writeUInt32LE(crc32c(header, 0, 24), 24)
  return header
}

/**
 * The header, and the marks of as many pages as there are; undefined where it is none, or not that of an object of
 * `sizeBytes`.
 */
export function decodeIndex(
  bytes: Uint8Array,
  sizeBytes?: number,
): (PageIndexHeader & { readonly marks: Uint32Array }) | undefined {
  const index = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (index.length < indexHeaderBytes || !index.subarray(0, magic.length).equals(magic)) return undefined
  if (index.readUInt32LE(24) !== crc32c(index, 0, 24) || index.readUInt32LE(8) !== pageBytes) return undefined
  const ownBytes = Number(index.readBigUInt64LE(16))
  if (ownBytes > maxSizeBytes || (sizeBytes !== undefined && ownBytes !== sizeBytes)) return undefined
  const marks = new Uint32Array(pageCount(ownBytes))
  const count = Math.min(marks.length, Math.floor((index.length - indexHeaderBytes) / markBytes))
  for (let page = 0; page < count; page++) {
    marks[page] = index.readUInt32LE(indexHeaderBytes + page * markBytes)
  }
  return { sizeBytes: ownBytes, tailPage: Math.min(index.readUInt32LE(12), marks.length), marks }
}

/** Never 0. Of the page's place, too: the bytes of another page are as wrong as broken ones. */
export function markOf(bytes: Uint8Array, page: number): number {
  return (crc32c(bytes) ^ Math.imul(page + 1, 0x9e3779b1)) >>> 0 || 1
}
