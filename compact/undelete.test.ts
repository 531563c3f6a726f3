import { join } from 'node:path'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { chooseSources } from '../block/covered.ts'
import { openBlock } from '../block/open-block.ts'
import { encodeTombstone, tombstoneKey } from '../block/tombstone.ts'
import { FolderBucket } from '../bucket/folder-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { putCorpusBlock } from '../test/support/corpus-block.ts'
import { Deletions } from './deletions.ts'
import { parsePolicyFile } from './policy-file.ts'
import { Retention } from './retention.ts'
import { rewriteBlocks } from './rewrite-blocks.ts'
import { listStoredBlocks } from './stored-blocks.ts'
import { storedSource } from './stored-source.ts'
import { undelete } from './undelete.ts'

const dayMs = 24 * 3_600_000
const startMs = Date.UTC(2026, 10, 20)
const nowMs = startMs + 1.5 * dayMs
const { signal } = new AbortController()

async function start(t: Test) {
  const folder = t.testdir({})
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  const key = await putCorpusBlock(bucket, {
    series: ['dev', 'shop'].map((namespace) => ({ from: 'etcd/goroutine', labels: { namespace } })),
    ...{ count: 4, startMs, stepMs: 60_000, writer: 'a' },
  })
  const retention = new Retention({
    bucket,
    limits: {},
    policy: parsePolicyFile(`retention: [{match: '{namespace="dev"}', age: 1d}]`, 'policy.yaml'),
    directory: folder,
    logger: silentLogger(),
    registry: new Registry(),
    now: () => nowMs,
  })
  const deletions = new Deletions({ bucket, events: { tombstoned: () => {}, gone: () => {} } })
  return {
    bucket,
    folder,
    key,
    pass: () => retention.pass({ signal }),
    undelete: (blockKey: string) => undelete(blockKey, { bucket, deletions, nowMs, signal }),
    /** Namespaces that a reader finds. */
    seen: async () => {
      const live = (await listStoredBlocks(bucket)).filter(({ isDeleted }) => !isDeleted)
      const readers = await Promise.all(live.map((block) => openBlock(storedSource(bucket, block))))
      const sources = readers.map((reader) => ({
        ...reader.meta,
        rank: reader.meta.level,
        id: reader.name,
        reader,
      }))
      return chooseSources(sources)
        .flatMap(({ source }) => source.reader.labelValues('namespace'))
        .sort()
    },
  }
}

t.test('undelete() brings a block back, and what was made of it gives way', async (t) => {
  const { key, pass, undelete, seen } = await start(t)
  t.strictSame(await seen(), ['dev', 'shop'])
  await pass()
  t.strictSame(await seen(), ['shop'])
  const { block, replaced } = await undelete(key)
  t.match(block, { key, isDeleted: false })
  t.match(replaced, [{ level: 2 }])
  t.strictSame(await seen(), ['dev', 'shop'])
  await t.rejects(undelete(key), { message: /^undelete block \S+ of \S+: it is not deleted$/ })
})

t.test('undelete() is undone by the next pass, and can be repeated', async (t) => {
  const { key, pass, undelete, seen } = await start(t)
  for (let i = 0; i < 3; i++) {
    await pass()
    t.strictSame(await seen(), ['shop'])
    await undelete(key)
    t.strictSame(await seen(), ['dev', 'shop'])
  }
})

t.test('undelete() leaves alone what is there in another block', async (t) => {
  const { bucket, key, undelete, folder } = await start(t)
  await putCorpusBlock(bucket, {
    series: [{ from: 'etcd/goroutine', labels: { namespace: 'web' } }],
    ...{ count: 2, startMs, stepMs: 60_000, writer: 'b' },
  })
  const sources = await listStoredBlocks(bucket)
  const { outputs } = await rewriteBlocks(sources, { bucket, directory: folder, level: 2, signal })
  await bucket.put(tombstoneKey(key), encodeTombstone({ reason: 'time', atMs: nowMs, sizeBytes: 1 }))
  t.match(await undelete(key), { block: { key, isDeleted: true }, replaced: [], isIn: [outputs[0]!.key] })
})

t.test('undelete() says what cannot come back', async (t) => {
  const { bucket, key, undelete } = await start(t)
  const put = (blockKey: string, reason: string) =>
    bucket.put(tombstoneKey(blockKey), encodeTombstone({ reason, atMs: nowMs, sizeBytes: 1 }))
  await put(key, 'erased')
  await t.rejects(undelete(key), { message: /: it was erased, which is for good$/ })
  const other = key.replace(/-1-\w+/, '-1-0123456789abcdef')
  await put(other, 'time')
  await t.rejects(undelete(other), { message: /: it is gone for good$/ })
  await bucket.put(`blocks/${other}`, new Uint8Array(100))
  await t.rejects(undelete(other), { message: /: it does not read$/ })
})
