import { Registry } from 'prom-client'
import t from 'tap'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { sortLabels } from '../profile/labels.ts'
import { Catalog } from './catalog.ts'
import { mergeReadable } from './merge-readable.ts'
import { selectSeries } from './select.ts'
import { corpusFiles } from './testdata/corpus-files.ts'

const everything = { matchers: [], startMs: 0, endMs: Number.MAX_SAFE_INTEGER / 2 }

/** Two blocks of five profiles; the bodies of the second are damaged, or those of both. */
async function damaged(keys: (keys: string[]) => string[]) {
  const bucket = new MemoryBucket()
  const files = corpusFiles('etcd', 'cpu').slice(0, 10)
  const written: string[] = []
  for (const half of [0, 5]) {
    const builder = createBlockBuilder()
    for (const [i, { timeMs, body }] of files.slice(half, half + 5).entries()) {
      const labels = sortLabels([
        ['job', 'etcd'],
        ['profile_type', 'cpu'],
      ])
      builder.append(
        { labels, timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body },
        { writer: 'w', seq: half + i },
      )
    }
    const { key, bytes } = builder.encode()!
    written.push(key)
    await bucket.put(`blocks/${key}`, bytes)
  }
  for (const key of keys(written)) {
    const { sizeBytes } = await bucket.stat(`blocks/${key}`)
    const bytes = Uint8Array.from(await bucket.getRange(`blocks/${key}`, 0, sizeBytes))
    // What comes before symbols, rows and tail.
    bytes.fill(0xaa, 16, Math.floor(bytes.length / 2))
    await bucket.put(`blocks/${key}`, bytes)
  }
  const registry = new Registry()
  const catalog = new Catalog({ bucket, log: silentLogger(), registry })
  const { sources } = await catalog.open(everything)
  const { series } = await selectSeries(sources, everything)
  const unreadable = async () =>
    Number(/block_failures_total\{place="bucket"\} (\d+)/.exec(await registry.metrics())?.[1])
  return { parts: series.flatMap(({ parts }) => parts), unreadable }
}

t.test('mergeReadable() leaves out a block that cannot be read', async (t) => {
  const { parts, unreadable } = await damaged((keys) => keys.slice(1))
  t.equal(await unreadable(), 0)
  t.equal(parts.length, 2, 'both are listed')
  const merged = await mergeReadable(parts, everything)
  t.equal(merged.coverage.profiles, 5)
  t.match(merged.warnings, [/^block .*\.block is missing from this answer: read /])
  t.equal(await unreadable(), 1, 'and is counted')
})

t.test('mergeReadable() rejects where there is nothing left', async (t) => {
  const { parts, unreadable } = await damaged((keys) => keys)
  await t.rejects(mergeReadable(parts, everything), { code: 'BLOCK_CORRUPT' })
  t.equal(await unreadable(), 2)
  await t.rejects(mergeReadable(parts.slice(1), everything), { code: 'BLOCK_CORRUPT' })
  t.equal(await unreadable(), 3, 'also where it is alone')
  const signal = AbortSignal.abort(new Error('gone'))
  await t.rejects(mergeReadable(parts, { ...everything, signal }))
})
