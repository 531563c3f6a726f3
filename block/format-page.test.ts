import { readFileSync } from 'node:fs'
import t from 'tap'
import { drawProfile } from '../test/support/drawn-profile.ts'
import { hexExample } from '../test/support/hex-example.ts'
import { createBlockBuilder } from './create-block-builder.ts'
import { healthOfCode } from './health.ts'
import { memorySource } from './memory-source.ts'
import { openBlock } from './open-block.ts'

const page = readFileSync(new URL('../docs/format/block.md', import.meta.url), 'utf8')
const labels = { job: 'demo', profile_type: 'heap', service_name: 'demo' }
const profile = (load: number) =>
  drawProfile({
    types: ['inuse_space/bytes'],
    stacks: { 'main;load': [load], 'main;serve': [64] },
    timeNanos: 1_700_000_000_000_000_000n,
  })

t.test('docs/format/block.md: the example decodes to what it says', async (t) => {
  const reader = await openBlock(memorySource('example', hexExample(page)))
  t.match(reader.meta, { version: 2, level: 1, attemptCount: 3, profileCount: 2 })
  t.same(reader.meta.covered, [{ writer: 'demo-1', intervals: [{ first: 0, last: 2 }] }])
  const [series] = reader.select([])
  t.same(reader.labels(series!), labels)
  const [rows] = await reader.rows([series!])
  t.same([...rows!.health].map(healthOfCode), ['ok', 'timeout', 'ok'])
  t.same([...rows!.totals[0]!], [4160, 0, 8256])
  t.same(await reader.body(series!, 0), profile(4096))
  t.same(await reader.body(series!, 2), profile(8192))
})

t.test('docs/format/block.md: the example is what the encoder writes', async (t) => {
  const builder = createBlockBuilder()
  const at = 1_700_000_000_000
  const ok = { labels, health: 'ok', httpStatus: 200 } as const
  builder.append({ ...ok, timeMs: at, durationMs: 4, body: profile(4096) }, { writer: 'demo-1', seq: 0 })
  builder.append(
    { labels, timeMs: at + 10_000, durationMs: 5000, health: 'timeout', httpStatus: 0 },
    { writer: 'demo-1', seq: 1 },
  )
  builder.append(
    { ...ok, timeMs: at + 20_000, durationMs: 3, body: profile(8192) },
    { writer: 'demo-1', seq: 2 },
  )
  const block = builder.encode({ compression: 'stored' })!
  t.equal(block.key, '2023-11-14/1700000000000-1700000020000-1-d8daf8fe9e25f508.block')
  t.same(Buffer.from(block.bytes).toString('hex'), Buffer.from(hexExample(page)).toString('hex'))
})
