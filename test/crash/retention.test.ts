import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t from 'tap'
import { chooseSources } from '../../block/covered.ts'
import { openBlock } from '../../block/open-block.ts'
import { rowFlags } from '../../block/rows.ts'
import { encodeTombstone, tombstoneKey } from '../../block/tombstone.ts'
import type { Bucket } from '../../bucket/bucket.ts'
import { isBucketError } from '../../bucket/errors.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { addErasure } from '../../compact/erasures.ts'
import { addPin } from '../../compact/pins.ts'
import { parsePolicyFile } from '../../compact/policy-file.ts'
import { Retention } from '../../compact/retention.ts'
import { listStoredBlocks, listTombstones } from '../../compact/stored-blocks.ts'
import { storedSource } from '../../compact/stored-source.ts'
import { silentLogger } from '../../lib/log.ts'
import { formatLabels } from '../../profile/labels.ts'
import { putCorpusBlock } from '../support/corpus-block.ts'
import { WatchedBucket } from '../support/watched-bucket.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const startMs = Date.UTC(2026, 10, 20)
const nowMs = startMs + 2.5 * dayMs
const policy = parsePolicyFile(
  `
retention: [{match: '{namespace="dev"}', age: 1d}]
thinning: [{keepEvery: 6h, after: 1d}]
`,
  'policy.yaml',
)

/** A block that is too old but for a pin, one of which a part is, one that nobody touches, one that was deleted. */
async function fill(bucket: Bucket): Promise<void> {
  const namespaces = (...names: string[]) =>
    names.map((namespace) => ({ from: 'etcd/goroutine', labels: { namespace } }))
  const put = (day: number, ...names: string[]) =>
    putCorpusBlock(bucket, {
      series: namespaces(...names),
      ...{ count: 6, startMs: startMs + day * dayMs, stepMs: 2 * hourMs, writer: `day ${day} ${names}` },
    })
  await put(0, 'web')
  await put(1, 'dev', 'shop', 'secret')
  await put(2, 'web', 'dev')
  const deleted = await put(-3, 'web')
  const tombstone = { reason: 'time', atMs: nowMs - 2 * dayMs, sizeBytes: 1 }
  await bucket.put(tombstoneKey(deleted), encodeTombstone(tombstone))
  const all = { startMs: startMs - 9 * dayMs, endMs: nowMs, createdMs: nowMs - hourMs }
  await addPin(bucket, { name: 'kept', match: '{}', ...all, endMs: startMs + 3 * hourMs })
  await addErasure(bucket, { match: '{namespace="secret"}', ...all })
}

/** Every row that a reader who lists now finds, by series and time, and whether it has a body. */
async function seen(bucket: Bucket): Promise<Map<string, boolean>> {
  // As query does: tombstones first.
  const hidden = new Set(await listTombstones(bucket))
  const live = (await listStoredBlocks(bucket)).filter(({ key }) => !hidden.has(key))
  const readers = await Promise.all(live.map((block) => openBlock(storedSource(bucket, block))))
  const sources = readers.map((reader) => ({
    ...reader.meta,
    rank: reader.meta.level,
    id: reader.name,
    reader,
  }))
  const found = new Map<string, boolean>()
  for (const { source, exclude } of chooseSources(sources)) {
    const all = source.reader.select([])
    for (const [i, rows] of (await source.reader.rows(all)).entries()) {
      const labels = source.reader.labels(all[i]!)
      const excluded = exclude?.(labels)
      for (let row = 0; row < rows.length; row++) {
        const writer = rows.writers[rows.writer[row]!]!
        const seq = rows.seq[row]!
        if (excluded?.get(writer)?.some(({ first, last }) => first <= seq && seq <= last)) continue
        const id = `${formatLabels(labels)} ${rows.timeMs[row]}`
        if (found.has(id)) throw new Error(`${id} is there twice`)
        found.set(id, (rows.flags[row]! & rowFlags.body) !== 0)
      }
    }
  }
  return found
}

function pass(bucket: Bucket, directory: string, signal = new AbortController().signal): Promise<void> {
  const retention = new Retention({
    ...{ bucket, directory, policy, logger: silentLogger(), registry: new Registry(), now: () => nowMs },
    limits: { maxAgeMs: 2 * dayMs },
  })
  return retention.pass({ signal })
}

/** What a reader may see at any time: everything that stays, and nothing that never was. */
function problemsOf(
  now: ReadonlyMap<string, boolean>,
  { before, after }: Record<'before' | 'after', ReadonlyMap<string, boolean>>,
): string[] {
  const missing = [...after].filter(([id, hasBody]) => !now.has(id) || (hasBody && !now.get(id)))
  const new_ = [...now].filter(([id, hasBody]) => !before.has(id) || (hasBody && !before.get(id)))
  return [...missing.map(([id]) => `missing: ${id}`), ...new_.map(([id]) => `new: ${id}`)]
}

t.test('killed at any call a pass loses nothing that stays, and the next one finishes', async (t) => {
  const folder = t.testdir({ work: {} })
  const original = await FolderBucket.open(join(folder, 'original'))
  await fill(original)
  const before = await seen(original)
  await cp(join(folder, 'original'), join(folder, 'done'), { recursive: true })
  const done = await FolderBucket.open(join(folder, 'done'))
  await pass(done, join(folder, 'work'))
  const after = await seen(done)
  t.equal(before.size, 36)
  t.equal(after.size, 2 + 6 + 12, 'what is pinned, shop, and today')
  t.strictSame(
    [...after.values()].filter((hasBody) => !hasBody).length,
    4,
    'shop is thinned out to one in six hours',
  )

  let at = 1
  for (; ; at++) {
    const path = join(folder, `bucket-${at}`)
    await cp(join(folder, 'original'), path, { recursive: true })
    const bucket = await FolderBucket.open(path)
    const directory = join(folder, `work-${at}`)
    await mkdir(directory)
    const killed = new AbortController()
    let count = 0
    // Before it has any effect, which is after the one before had all of its; nothing gets through from then on.
    const watched = new WatchedBucket(bucket, {
      before: () => {
        if (++count < at) return
        killed.abort()
        throw new Error('killed')
      },
    })
    const isDone = await pass(watched, directory, killed.signal).then(
      () => true,
      (error: unknown) => {
        if (!killed.signal.aborted) throw error
        return false
      },
    )
    const problems = problemsOf(await seen(bucket), { before, after })
    if (problems.length > 0) t.fail(`killed at call ${at}: ${problems.join('; ')}`)
    await pass(bucket, directory)
    const left = await seen(bucket)
    if (JSON.stringify([...left].sort()) !== JSON.stringify([...after].sort())) {
      t.fail(`killed at call ${at}: ${problemsOf(left, { before: after, after }).join('; ')}`)
    }
    if (isDone) break
  }
  t.comment(`${at - 1} kills`)
  t.ok(at > 40)
})

t.test('who reads while a pass works sees everything that stays, once', async (t) => {
  const folder = t.testdir({ work: {} })
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await fill(bucket)
  const before = await seen(bucket)
  await cp(join(folder, 'bucket'), join(folder, 'done'), { recursive: true })
  const done = await FolderBucket.open(join(folder, 'done'))
  await pass(done, join(folder, 'work'))
  const after = await seen(done)
  let isOver = false
  let reads = 0
  const reading = (async () => {
    while (!isOver) {
      const now = await seen(bucket).catch((error: unknown) => {
        // It was listed before it went; a query says so, and asks again.
        if (isBucketError(error, 'NOT_FOUND')) return undefined
        throw error
      })
      if (now === undefined) continue
      reads++
      t.strictSame(problemsOf(now, { before, after }), [])
    }
  })()
  await pass(bucket, join(folder, 'work'))
  isOver = true
  await reading
  t.ok(reads > 2, `${reads} reads`)
  t.strictSame([...(await seen(bucket))].sort(), [...after].sort())
})
