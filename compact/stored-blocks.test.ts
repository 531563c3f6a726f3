import t from 'tap'
import { formatBlockKey } from '../block/block-key.ts'
import { encodeTombstone, tombstoneKey } from '../block/tombstone.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { listStoredBlocks, listTombstones } from './stored-blocks.ts'

t.test('listStoredBlocks() tells blocks from deleted ones and from what is neither', async (t) => {
  const bucket = new MemoryBucket()
  const [first, second, gone] = [1, 2, 3].map((hour) =>
    formatBlockKey({
      minTimeMs: Date.UTC(2026, 10, 28, hour),
      maxTimeMs: Date.UTC(2026, 10, 28, hour, 30),
      level: hour,
      id: '0123456789abcdef',
    }),
  ) as [string, string, string]
  await bucket.put(`blocks/${first}`, new Uint8Array(10))
  await bucket.put(`blocks/${second}`, new Uint8Array(20))
  await bucket.put('blocks/readme.txt', new Uint8Array(1))
  const tombstone = encodeTombstone({ reason: 'time', atMs: 1, sizeBytes: 20 })
  for (const key of [second, gone]) await bucket.put(tombstoneKey(key), tombstone)
  await bucket.put('deleted/readme.txt', new Uint8Array(1))

  t.match(await listStoredBlocks(bucket), [
    { key: first, level: 1, sizeBytes: 10, minTimeMs: Date.UTC(2026, 10, 28, 1), isDeleted: false },
    { key: second, level: 2, sizeBytes: 20, maxTimeMs: Date.UTC(2026, 10, 28, 2, 30), isDeleted: true },
  ])
  t.strictSame(await listTombstones(bucket), [second, gone])
})
