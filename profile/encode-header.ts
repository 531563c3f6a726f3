import type { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { headerToken } from './header.ts'
import type { PprofFile } from './pprof-file.ts'
import type { ProtobufCursor } from './protobuf-cursor.ts'

/**
 * Writes into `header` everything of a profile but samples, locations, functions and strings; see header.ts for its
 * tokens. `mappings` are the dictionary's. Returns the two times, which are not part of it.
 */
export function encodeHeader(
  file: PprofFile,
  cursor: ProtobufCursor,
  mappings: readonly number[],
  header: ByteWriter,
) {
  header.clear()
  let timeNanos = 0n
  let durationNanos = 0n
  const bodyAt = file.bodyRuns()
  let other = 0
  let mapping = 0
  const others = file.others
  for (let run = 0; run < file.runs.length; run += 2) {
    if (bodyAt !== undefined && run === bodyAt.first) {
      header.varint(headerToken.body)
      run = bodyAt.last
      continue
    }
    const field = file.runs[run]!
    const count = file.runs[run + 1]!
    if (field === 2 || field === 4 || field === 5 || field === 6) {
      header.varint(field)
      header.varint(count === file.countOf(field) ? 0 : count)
      continue
    }
    if (field === 3) {
      header.varint(3)
      header.varint(count)
      for (let i = 0; i < count; i++) header.varint(mappings[mapping++]!)
      continue
    }
    for (let i = 0; i < count; i++, other += 3) {
      const low = others[other + 1]!
      const high = others[other + 2]!
      cursor.low = low
      cursor.high = high
      header.varint(field)
      switch (field) {
        case 1:
        case 11: {
          const pairs: number[] = []
          cursor.enter(low, high)
          while (cursor.field()) {
            if (cursor.wireType !== 0 || cursor.number > 2) file.isComplete = false
            else pairs.push(cursor.number, file.stringOf(cursor))
          }
          header.varint(pairs.length / 2)
          for (const value of pairs) header.varint(value)
          break
        }
        case 9:
          if (timeNanos !== 0n) file.isComplete = false
          timeNanos = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
          break
        case 10:
          if (durationNanos !== 0n) file.isComplete = false
          durationNanos = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
          break
        case 12:
          header.varint64((BigInt(high) << 32n) | BigInt(low))
          break
        case 13:
          // A packed list of comments is one entry here; it is rare enough to keep the bytes.
          header.varint(file.isComplete ? file.stringOf(cursor) : 0)
          break
        default:
          header.varint(file.stringOf(cursor))
      }
    }
  }
  return { timeNanos, durationNanos }
}
