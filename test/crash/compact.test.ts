import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Bucket, BucketOptions, ObjectInfo } from '../../bucket/bucket.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { parseObjstoreConfig } from '../../bucket/objstore-config.ts'
import { openBucket } from '../../bucket/open-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { answersOf, compactAll, cutBlock, openCompactor, putBlocks } from '../support/compaction-rig.ts'
import { startVersitygw } from '../support/versitygw.ts'

/**
 * A bucket that is cut off at its nth call: `before` it has any effect, `after` it had all of it, and nobody heard.
 * From then on nothing gets through, as from a process that was killed.
 */
class CutOff implements Bucket {
  readonly name: string
  calls = 0
  readonly #inner: Bucket
  readonly #at: number
  readonly #when: 'before' | 'after'
  readonly #kill: () => void

  constructor(
    inner: Bucket,
    options: { readonly at: number; readonly when: 'before' | 'after'; readonly kill: () => void },
  ) {
    this.name = inner.name
    this.#inner = inner
    this.#at = options.at
    this.#when = options.when
    this.#kill = options.kill
  }

  async *list(prefix: string, options?: BucketOptions): AsyncIterable<ObjectInfo> {
    const objects = await this.#call(() => Array.fromAsync(this.#inner.list(prefix, options)))
    yield* objects
  }

  getRange(key: string, offset: number, length: number, options?: BucketOptions): Promise<Uint8Array> {
    return this.#call(() => this.#inner.getRange(key, offset, length, options))
  }

  stat(key: string, options?: BucketOptions): Promise<ObjectInfo> {
    return this.#call(() => this.#inner.stat(key, options))
  }

  put(key: string, body: Uint8Array, options?: BucketOptions): Promise<void> {
    return this.#call(() => this.#inner.put(key, body, options))
  }

  putFile(key: string, path: string, options?: BucketOptions): Promise<void> {
    return this.#call(() => this.#inner.putFile(key, path, options))
  }

  delete(key: string, options?: BucketOptions): Promise<void> {
    return this.#call(() => this.#inner.delete(key, options))
  }

  async close(): Promise<void> {}

  async #call<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    const call = ++this.calls
    if (call < this.#at) return act()
    if (call === this.#at && this.#when === 'after') await act()
    this.#kill()
    throw new Error('killed')
  }
}

/** Two windows of two collectors: too many for one go, so that each step of compaction is taken. */
const blocks = [0, 1, 4].flatMap((slot) => ['w1', 'w2'].map((writer) => cutBlock({ slot, writer })))
const limits = { maxJobSources: 4 }

/** Compacts until it is killed at this call; how many calls there were, and whether it came to its end. */
async function compactUntilKilled(
  bucket: Bucket,
  options: { readonly directory: string; readonly at: number; readonly when: 'before' | 'after' },
): Promise<{ readonly calls: number; readonly isDone: boolean }> {
  const killed = new AbortController()
  const cut = new CutOff(bucket, { ...options, kill: () => killed.abort() })
  try {
    await compactAll(openCompactor(cut, options.directory, { limits }), { signal: killed.signal })
    return { calls: cut.calls, isDone: true }
  } catch (error) {
    if (!killed.signal.aborted) throw error
    return { calls: cut.calls, isDone: false }
  }
}

async function levelsIn(bucket: Bucket): Promise<string[]> {
  const keys = await Array.fromAsync(bucket.list('blocks/'), ({ key }) => key)
  return keys.map((key) => /-(\d+)-[0-9a-f]+\.block$/.exec(key)![1]!).sort()
}

t.test('a compactor that is killed at any call changes no answer, and the next one finishes', async (t) => {
  const folder = t.testdir()
  const full = join(folder, 'full')
  const original = await FolderBucket.open(full)
  await putBlocks(original, blocks)
  const before = await answersOf(original)
  let kills = 0
  for (const when of ['before', 'after'] as const) {
    for (let at = 1; ; at++) {
      const path = join(folder, `${when}-${at}`)
      await cp(full, path, { recursive: true })
      const bucket = await FolderBucket.open(path)
      const directory = join(folder, `compact-${when}-${at}`)
      const { isDone } = await compactUntilKilled(bucket, { directory, at, when })
      if (isDone) break
      kills++
      const about = `killed ${when} call ${at}`
      if (JSON.stringify(await answersOf(bucket)) !== JSON.stringify(before))
        t.fail(`${about}: other answers`)
      await compactAll(openCompactor(bucket, directory, { limits }))
      if (JSON.stringify(await answersOf(bucket)) !== JSON.stringify(before))
        t.fail(`${about}, then finished: other answers`)
      t.same(await levelsIn(bucket), ['3'], about)
      const left = await readdir(directory).catch(() => [])
      if (left.length > 0) t.fail(`${about}: ${left} is left on the disk`)
    }
  }
  t.ok(kills > 60, `${kills} kills`)
})

/** Sources stay for as long as a reader here may hold a listing of them. */
const deleteDelayMs = 10_000

async function twoAtOnce(t: Test, open: () => Promise<Bucket>, folder: string): Promise<void> {
  const bucket = await open()
  await putBlocks(bucket, blocks)
  const before = await answersOf(bucket)
  const signal = new AbortController().signal
  const timing = { deleteDelayMs }
  const compactors = ['one', 'two'].map(async (name) =>
    openCompactor(await open(), join(folder, name), { limits, timing }),
  )
  let isRunning = true
  let asked = 0
  const asking = (async () => {
    while (isRunning) {
      if (JSON.stringify(await answersOf(bucket)) !== JSON.stringify(before))
        t.fail('other answers meanwhile')
      asked++
    }
  })()
  const rounds = compactors.map(async (compactor) => {
    const results = []
    for (let round = 0; round < 4; round++) results.push(await (await compactor).round({ signal }))
    return results
  })
  const results = (await Promise.all(rounds)).flat()
  isRunning = false
  await asking
  t.ok(asked > 0, `asked ${asked} times`)
  t.ok(
    results.every(({ failures }) => failures === 0),
    JSON.stringify(results),
  )
  await compactAll(openCompactor(bucket, join(folder, 'last'), { limits }))
  t.same(await levelsIn(bucket), ['3'])
  t.strictSame(await answersOf(bucket), before)
}

t.test('two compactors at once change no answer', async (t) => {
  const folder = t.testdir()
  await twoAtOnce(t, () => FolderBucket.open(join(folder, 'bucket')), folder)
})

t.test('in a real S3 server: two at once, and one that is killed', async (t) => {
  const server = await startVersitygw(t)
  const folder = t.testdir()
  const name = await server.createBucket()
  const s3 = (prefix: string) => {
    const text = JSON.stringify({
      type: 'S3',
      config: {
        ...{ bucket: name, endpoint: server.endpoint, insecure: true },
        ...{ access_key: server.accessKey, secret_key: server.secretKey },
      },
      prefix,
    })
    return openBucket(parseObjstoreConfig(text, 'test'), { log: silentLogger(), registry: new Registry() })
  }
  await twoAtOnce(t, () => s3('two'), folder)
  const bucket = await s3('killed')
  await putBlocks(bucket, blocks)
  const before = await answersOf(bucket)
  const directory = join(folder, 'compact')
  for (let at = 5, isDone = false; !isDone; at += 3) {
    const result = await compactUntilKilled(bucket, { directory, at, when: 'after' })
    isDone = result.isDone
    t.strictSame(await answersOf(bucket), before, `${result.calls} calls`)
  }
  t.same(await levelsIn(bucket), ['3'])
})
