import t from 'tap'
import type { ByteSource } from '../block/block-reader.ts'
import { coalescing } from './coalescing-source.ts'

/** Bytes that say where they are; `reads` what was asked for. */
function counted(sizeBytes: number): { readonly source: ByteSource; readonly reads: string[] } {
  const reads: string[] = []
  const bytes = Uint8Array.from({ length: sizeBytes }, (_, i) => i % 251)
  const source: ByteSource = {
    name: 'counted',
    sizeBytes,
    async read(offset, length, options) {
      reads.push(`${offset}+${length}`)
      options?.signal?.throwIfAborted()
      return bytes.subarray(offset, offset + length)
    },
  }
  return { source, reads }
}

t.test('coalescing() joins reads of one turn that lie near each other', async (t) => {
  const { source, reads } = counted(200_000)
  const joined = coalescing(source)
  const places = [
    [100, 10],
    [150_000, 20],
    [0, 50],
    [105, 10],
  ] as const
  const answers = await Promise.all(places.map(([offset, length]) => joined.read(offset, length)))
  t.same(reads, ['0+115', '150000+20'])
  for (const [i, [offset, length]] of places.entries())
    t.same([answers[i]!.length, answers[i]![0]], [length, offset % 251])
  await joined.read(0, 5)
  t.equal(reads.length, 3, 'a later turn reads for itself')
})

t.test('a read that was aborted fails alone', async (t) => {
  const joined = coalescing(counted(1000).source)
  const signal = AbortSignal.abort(new Error('gone'))
  const [gone, other] = await Promise.allSettled([joined.read(0, 10, { signal }), joined.read(5, 10)])
  t.match(gone, { status: 'rejected', reason: { message: 'gone' } })
  t.equal(other.status, 'fulfilled')
})
