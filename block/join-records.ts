import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { recordStreams } from '../profile/apply-record.ts'
import type { BuiltGroup } from './series-builder.ts'

/** Stream by stream over all records: like stands beside like. */
export function joinRecords(group: BuiltGroup): Uint8Array {
  const records = group.records.map(recordStreams)
  const count = records.reduce((max, streams) => Math.max(max, streams.length), 0)
  const out = new ByteWriter(group.heldBytes + 256)
  out.varint(records.length)
  out.varint(count)
  for (let s = 0; s < count; s++)
    out.varint(records.reduce((sum, streams) => sum + (streams[s]?.remaining ?? 0), 0))
  for (let s = 0; s < count; s++)
    for (const streams of records) if (streams[s] !== undefined) out.raw(streams[s]!.buffer)
  return out.bytes()
}

export function joinKept(group: BuiltGroup): Uint8Array {
  const out = new ByteWriter(group.heldBytes + 64)
  for (const bytes of group.kept) out.block(bytes)
  return out.bytes()
}
