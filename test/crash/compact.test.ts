import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Bucket } from '../../bucket/bucket.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { parseObjstoreConfig } from '../../bucket/objstore-config.ts'
import { openBucket } from '../../bucket/open-bucket.ts'
import type { CompactorOptions } from '../../compact/compactor.ts'
import { silentLogger } from '../../lib/log.ts'
import { answersOf, compactAll, cutBlock, openCompactor, putBlocks } from '../support/compaction-rig.ts'
import { runConprof } from '../support/conprof.ts'
import { startVersitygw } from '../support/versitygw.ts'
import { WatchedBucket } from '../support/watched-bucket.ts'

/** Two windows of two collectors: too many for one go, so that each step of compaction is taken. */
const blocks = [0, 1, 4].flatMap((slot) =>
  ['w1', 'w2'].map((writer) => cutBlock({ slot, writer, profiles: 1 })),
)
const limits = { maxJobSources: 4 }
/** In version 2 large blocks are split, and each part comes to the bucket by itself. */
const split = { version: 2, limits: { ...limits, maxBlockBytes: 8000 } } as const

/**
 * Compacts until it is killed before this call; nothing gets through from then on. The call before had its effect, whether
 * its answer was heard or not. Whether it came to its end.
 */
async function compactUntilKilled(
  bucket: Bucket,
  { directory, at }: { readonly directory: string; readonly at: number },
  options: Pick<CompactorOptions, 'limits' | 'version'>,
): Promise<boolean> {
  const killed = new AbortController()
  let calls = 0
  const watched = new WatchedBucket(bucket, {
    before: () => {
      if (++calls < at) return
      killed.abort()
      throw new Error('killed')
    },
  })
  try {
    await compactAll(openCompactor(watched, directory, options), { signal: killed.signal })
    return true
  } catch (error) {
    if (!killed.signal.aborted) throw error
    return false
  }
}

async function levelsIn(bucket: Bucket): Promise<string[]> {
  const keys = await Array.fromAsync(bucket.list('blocks/'), ({ key }) => key)
  return keys.map((key) => /-(\d+)-[0-9a-f]+\.block$/.exec(key)![1]!).sort()
}

t.test('killed at any call it changes no answer, and the next one finishes', async (t) => {
  const folder = t.testdir()
  const full = join(folder, 'full')
  const original = await FolderBucket.open(full)
  await putBlocks(original, blocks)
  const before = JSON.stringify(await answersOf(original))
  const seen = new Set<string>()
  for (let at = 1; ; at++) {
    const path = join(folder, `bucket-${at}`)
    await cp(full, path, { recursive: true })
    const bucket = await FolderBucket.open(path)
    const directory = join(folder, `compact-${at}`)
    const isDone = await compactUntilKilled(bucket, { directory, at }, split)
    if (isDone) {
      t.ok(at > 50 && seen.size > 15, `${at} calls, ${seen.size} states of the bucket`)
      break
    }
    // Most calls read: what is there is what was there at the kill before, and so is all that follows.
    const objects = await Array.fromAsync(bucket.list(''), ({ key, sizeBytes }) => `${key} ${sizeBytes}`)
    if (seen.has(objects.join())) continue
    seen.add(objects.join())
    const about = `killed at call ${at}`
    if (JSON.stringify(await answersOf(bucket)) !== before) t.fail(`${about}: other answers`)
    await compactAll(openCompactor(bucket, directory, split))
    if (JSON.stringify(await answersOf(bucket)) !== before) t.fail(`${about}, then finished: other answers`)
    const levels = await levelsIn(bucket)
    t.ok(levels.length > 1 && levels.every((level) => level === '3'), `${about}: ${levels}`)
    const left = await readdir(directory).catch(() => [])
    if (left.length > 0) t.fail(`${about}: ${left} is left on the disk`)
  }
})

t.test('a process that is killed leaves nothing that matters', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(bucket, blocks)
  const before = await answersOf(bucket)
  const flags = [`--storage.path=${folder}`, '--compact.grace=0s', '--compact.delete-delay=0s']
  // Wherever it has got to in a part of its time, the last of which may be all.
  for (const ms of [900, 1200, 1500, 1800, 2400]) {
    const program = spawn(process.execPath, ['bin/conprof.js', 'compact', '--once', ...flags], {
      env: { PATH: process.env['PATH'] },
      stdio: 'ignore',
      timeout: ms,
      killSignal: 'SIGKILL',
    })
    await once(program, 'close')
    t.strictSame(await answersOf(bucket), before, `killed after ${ms} ms`)
  }
  const last = await runConprof(['compact', '--once', ...flags])
  t.equal(last.code, 0, last.stderr)
  t.same(await levelsIn(bucket), ['3'])
  t.strictSame(await answersOf(bucket), before)
  t.same(await readdir(join(folder, 'compact')).catch(() => []), [])
})

/** Sources stay for as long as a reader here may hold a listing of them. */
const deleteDelayMs = 60_000

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
    isDone = await compactUntilKilled(bucket, { directory, at }, { limits })
    t.strictSame(await answersOf(bucket), before, `${at} calls`)
  }
  t.same(await levelsIn(bucket), ['3'])
})
