import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Registry } from 'prom-client'
import t from 'tap'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import { sortLabels } from '../profile/labels.ts'
import { corpusBlock } from '../test/support/corpus-block.ts'
import { blockSource } from './block-source.ts'
import { OpenBlocks } from './open-blocks.ts'
import { readerCost } from './reader-cost.ts'

function blockOf(pods: number, profiles: number): Uint8Array {
  const builder = createBlockBuilder()
  for (let seq = 0; seq < pods * profiles; seq++) {
    const pod = seq % pods
    const labels = sortLabels([
      ['pod', `shop-7f9c6b5d4-${pod}`],
      ['namespace', 'shop'],
      ['service_name', 'shop/shop'],
      ['instance', `10.1.${pod >> 8}.${pod & 255}:8080`],
      ['node', `node-${pod % 50}.example.internal`],
      ['profile_type', 'heap'],
    ])
    const body = Buffer.from(`no pprof ${seq}`)
    const attempt = {
      labels,
      timeMs: Date.UTC(2026, 0, 1) + seq,
      durationMs: 1,
      health: 'ok',
      httpStatus: 200,
      body,
    }
    builder.append(attempt as Parameters<typeof builder.append>[0], { writer: 'w', seq })
  }
  return builder.encode()!.bytes
}

t.test('readerCost() is about what a reader holds', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (const [pods, profiles] of [
    [20, 1],
    [400, 1],
    [20, 700],
  ] as const) {
    const bytes = blockOf(pods, profiles)
    const readers = [await openBlock(memorySource('warm', bytes))]
    const count = Math.ceil(2000 / pods)
    const heldBytes = () => {
      for (let time = 0; time < 3; time++) collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return heapUsed + arrayBuffers
    }
    const before = heldBytes()
    for (let i = 0; i < count; i++) readers.push(await openBlock(memorySource('block', bytes)))
    const held = (heldBytes() - before) / count
    const cost = readerCost(readers.pop()!)
    const ratio = cost / held
    t.ok(ratio > 0.6 && ratio < 2.5, `${pods} series: ${cost} estimated, ${Math.round(held)} held`)
  }
})

t.test('OpenBlocks counts symbols once they are read, and stays within its bound', async (t) => {
  const { bytes } = corpusBlock({
    ...{ series: [{ from: 'kube-apiserver/heap' }], count: 4, writer: 'w' },
    ...{ startMs: Date.UTC(2026, 0, 1), stepMs: 60_000 },
  })
  const registry = new Registry()
  const blocks = new OpenBlocks({ maxBytes: 1_500_000, registry })
  const heldBytes = async () =>
    (await registry.getSingleMetric('conprof_query_cached_block_bytes')!.get()).values[0]!.value
  const open = (id: string) => blocks.open(id, blockSource([memorySource(id, bytes)]), undefined)
  const { reader } = await open('a')
  const tail = await heldBytes()
  t.ok(tail > 4000 && tail < 20_000, `${tail} bytes of a tail`)
  const { heldBytes: symbols } = await reader.dictionary(0)
  t.equal(await heldBytes(), tail + symbols)
  t.equal((await open('a')).reader, reader, 'and it is the same reader')
  for (const id of ['b', 'c', 'd', 'e', 'f']) await (await open(id)).reader.dictionary(0)
  t.ok((await heldBytes()) <= 1_500_000)
  t.equal(blocks.get('a'), undefined)
  t.not(blocks.get('f'), undefined)
})

t.test('OpenBlocks opens once what many ask for, and anew what is gone', async (t) => {
  const bytes = blockOf(3, 1)
  const blocks = new OpenBlocks({ maxBytes: 1e6, registry: new Registry() })
  let reads = 0
  let isGone = false
  const source = () =>
    blockSource([
      {
        ...memorySource('a', bytes),
        read: async (offset, length) => {
          reads++
          if (isGone) throw Object.assign(new Error('get a: there is none'), { code: 'NOT_FOUND' })
          return bytes.subarray(offset, offset + length)
        },
      },
    ])
  const opened = await Promise.all([1, 2, 3].map(() => blocks.open('a', source(), undefined)))
  t.equal(reads, 1)
  t.equal(new Set(opened).size, 1)
  isGone = true
  const [block] = opened
  await t.rejects(block!.reader.rows(block!.reader.select([])), { code: 'NOT_FOUND' })
  t.equal(block!.source.isGone, true)
  await t.rejects(blocks.open('a', source(), undefined), { code: 'NOT_FOUND' })
  isGone = false
  t.not(await blocks.open('a', source(), undefined), block)
})
