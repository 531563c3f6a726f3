import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Bucket } from './bucket.ts'
import { BucketError } from './errors.ts'

export type OpenEmptyBucket = (t: Test) => Promise<Bucket>

/**
 * What every bucket promises. Not promised: two objects of which one's key is the start of the other's path,
 * modification times of this machine's clock, and which of two concurrent writers of one key wins.
 */
export async function acceptBucket(t: Test, openEmpty: OpenEmptyBucket): Promise<void> {
  await t.test('an object comes back, whole and by range', async (t) => {
    const bucket = await openEmpty(t)
    const body = randomBytes(10_000)
    await bucket.put('a/b/object', body)
    const expectRange = async (offset: number, length: number) => {
      const bytes = await bucket.getRange('a/b/object', offset, length)
      const want = body.subarray(offset, offset + length)
      t.ok(Buffer.from(bytes).equals(want), `${length} bytes at ${offset}`)
    }
    await expectRange(0, 10_000)
    await expectRange(0, 1)
    await expectRange(9_999, 1)
    await expectRange(5_000, 100)
    await expectRange(9_990, 65_536)
    await expectRange(10_000, 10)
    await expectRange(20_000, 10)
    await expectRange(10, 0)
    const info = await bucket.stat('a/b/object')
    t.match(info, { key: 'a/b/object', sizeBytes: 10_000 })
    t.ok(Math.abs(info.modifiedMs - Date.now()) < 3_600_000, 'a time of about now')
  })

  await t.test('what a reader got is its own', async (t) => {
    const bucket = await openEmpty(t)
    const body = Buffer.from('unchanged')
    await bucket.put('object', body)
    body.fill(0)
    ;(await bucket.getRange('object', 0, 9)).fill(0)
    t.equal(Buffer.from(await bucket.getRange('object', 0, 9)).toString(), 'unchanged')
  })

  await t.test('an empty object is an object', async (t) => {
    const bucket = await openEmpty(t)
    await bucket.put('empty', new Uint8Array())
    t.equal((await bucket.stat('empty')).sizeBytes, 0)
    t.equal((await bucket.getRange('empty', 0, 100)).length, 0)
    t.same(await keysOf(bucket, ''), ['empty'])
  })

  await t.test('a later put replaces, the same put again is harmless', async (t) => {
    const bucket = await openEmpty(t)
    await bucket.put('object', Buffer.from('a long first body'))
    for (let time = 0; time < 2; time++) {
      await bucket.put('object', Buffer.from('second'))
      t.equal(Buffer.from(await bucket.getRange('object', 0, 100)).toString(), 'second')
    }
    t.same(await keysOf(bucket, ''), ['object'])
  })

  await t.test('putFile() stores a file', async (t) => {
    const bucket = await openEmpty(t)
    const folder = await scratchFolder(t)
    await writeFile(join(folder, 'empty'), '')
    const body = randomBytes(9 * 1024 * 1024 + 17)
    await writeFile(join(folder, 'file'), body)
    await bucket.putFile('blocks/file', join(folder, 'file'))
    t.equal((await bucket.stat('blocks/file')).sizeBytes, body.length)
    t.ok(Buffer.from(await bucket.getRange('blocks/file', 0, body.length)).equals(body))
    await bucket.putFile('blocks/empty', join(folder, 'empty'))
    t.equal((await bucket.stat('blocks/empty')).sizeBytes, 0)
    await t.rejects(bucket.putFile('blocks/none', join(folder, 'none')), { code: 'ENOENT' })
    t.same(await keysOf(bucket, ''), ['blocks/empty', 'blocks/file'])
  })

  await t.test('list() is in byte order of whole keys and pruned by any prefix', async (t) => {
    const bucket = await openEmpty(t)
    const keys = ['a b/+%&=?#', 'a-1', 'a.b', 'a/1', 'a/10', 'a/2/x', 'ab', 'é', '\uff5e', '\u{1f600}']
    for (const key of keys.toReversed()) await bucket.put(key, Buffer.from(key))
    t.same(await keysOf(bucket, ''), keys)
    t.same(await keysOf(bucket, 'a/'), ['a/1', 'a/10', 'a/2/x'])
    t.same(await keysOf(bucket, 'a/1'), ['a/1', 'a/10'])
    t.same(await keysOf(bucket, 'a/2/'), ['a/2/x'])
    t.same(await keysOf(bucket, 'a/2/x'), ['a/2/x'])
    t.same(await keysOf(bucket, 'a b/+%'), ['a b/+%&=?#'])
    t.same(await keysOf(bucket, 'nothing'), [])
    t.same(await keysOf(bucket, 'a/nothing/'), [])
    for (const key of keys) {
      t.equal(Buffer.from(await bucket.getRange(key, 0, 100)).toString(), key, key)
      t.equal((await bucket.stat(key)).sizeBytes, Buffer.byteLength(key))
    }
    for await (const info of bucket.list('ab')) t.match(info, { key: 'ab', sizeBytes: 2 })
  })

  await t.test('list() goes on past one page, and may be left early', async (t) => {
    const bucket = await openEmpty(t)
    const keys = Array.from({ length: 1_203 }, (_, index) => `many/${String(index).padStart(5, '0')}`)
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(keys.slice(start, start + 50).map((key) => bucket.put(key, Buffer.from('x'))))
    }
    t.same(await keysOf(bucket, 'many/'), keys)
    for await (const { key } of bucket.list('many/')) {
      t.equal(key, keys[0])
      break
    }
  })

  await t.test('delete() removes one object and minds no missing one', async (t) => {
    const bucket = await openEmpty(t)
    await bucket.put('a/one', Buffer.from('1'))
    await bucket.put('a/two', Buffer.from('2'))
    await bucket.delete('a/one')
    await bucket.delete('a/one')
    await bucket.delete('never/was')
    t.same(await keysOf(bucket, ''), ['a/two'])
    await bucket.delete('a/two')
    await bucket.put('a', Buffer.from('now an object'))
    t.same(await keysOf(bucket, ''), ['a'])
  })

  await t.test('what is missing is NOT_FOUND', async (t) => {
    const bucket = await openEmpty(t)
    await bucket.put('there', Buffer.from('1'))
    for (const ask of [
      () => bucket.getRange('not/there', 0, 10),
      () => bucket.getRange('not/there', 0, 0),
      () => bucket.getRange('ther', 0, 10),
      () => bucket.stat('not/there'),
    ]) {
      const error = await ask().then(
        () => undefined,
        (error: unknown) => error,
      )
      if (!(error instanceof BucketError)) return t.fail(`want a BucketError, got ${error}`)
      t.equal(error.code, 'NOT_FOUND')
      t.match(error.message, error.key)
      t.match(error.message, error.bucketName)
      t.notMatch(error.message, '\n')
    }
    return undefined
  })

  await t.test('keys and ranges that make no sense are refused before anything is touched', async (t) => {
    const bucket = await openEmpty(t)
    const bad = ['', '/a', 'a/', 'a//b', '.', '..', 'a/../b', './a', 'a\0b', 'a\\b', 'a\nb', '\ud800']
    for (const key of [...bad, 'x'.repeat(1025), 'x'.repeat(256), '.conprof-tmp/x']) {
      await t.rejects(bucket.put(key, new Uint8Array(1)), TypeError, JSON.stringify(key))
      await t.rejects(bucket.getRange(key, 0, 1), TypeError)
      await t.rejects(bucket.stat(key), TypeError)
      await t.rejects(bucket.delete(key), TypeError)
      await t.rejects(bucket.putFile(key, 'file'), TypeError)
    }
    await bucket.put('object', Buffer.from('1'))
    for (const [offset, length] of [[-1, 1] as const, [0, -1] as const, [0.5, 1] as const]) {
      await t.rejects(bucket.getRange('object', offset, length), RangeError)
    }
    t.same(await keysOf(bucket, ''), ['object'])
  })

  await t.test('an aborted signal stops everything, with its own reason', async (t) => {
    const bucket = await openEmpty(t)
    await bucket.put('object', Buffer.from('1'))
    const path = join(await scratchFolder(t), 'file')
    await writeFile(path, 'body')
    const reason = new Error('enough')
    const options = { signal: AbortSignal.abort(reason) }
    const calls: Promise<unknown>[] = [
      bucket.put('new', Buffer.from('2'), options),
      bucket.putFile('new', path, options),
      bucket.getRange('object', 0, 1, options),
      bucket.stat('object', options),
      bucket.delete('object', options),
      keysOf(bucket, '', options),
    ]
    const seen = (await Promise.allSettled(calls)).map((call) => call.status === 'rejected' && call.reason)
    for (const error of seen) t.ok(error === reason || (error as Error)?.name === 'AbortError', String(error))
    t.same(await keysOf(bucket, ''), ['object'])
  })

  await t.test('readers beside a writer see the whole old or the whole new object', async (t) => {
    const bucket = await openEmpty(t)
    const sizeBytes = 200_000
    const path = join(await scratchFolder(t), 'file')
    await writeFile(path, Buffer.alloc(sizeBytes, 0))
    await bucket.putFile('object', path)
    let done = false
    const writer = (async () => {
      for (let round = 1; round <= 20; round++) {
        await writeFile(path, Buffer.alloc(sizeBytes, round))
        if (round % 2 === 0) await bucket.put('object', Buffer.alloc(sizeBytes, round))
        else await bucket.putFile('object', path)
      }
      done = true
    })()
    let torn = 0
    while (!done) {
      // A bucket in memory answers without ever leaving the writer a turn.
      await nextTurn()
      const bytes = await bucket.getRange('object', 0, sizeBytes)
      if (!Buffer.alloc(sizeBytes, bytes[0]).equals(bytes)) torn++
    }
    await writer
    t.equal(torn, 0)
  })
}

/** Not t.testdir(), which would sweep away what a factory made with it for the same test. */
async function scratchFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'conprof-acceptance-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

async function keysOf(
  bucket: Bucket,
  prefix: string,
  options?: { readonly signal: AbortSignal },
): Promise<string[]> {
  const keys = []
  for await (const { key } of bucket.list(prefix, options)) keys.push(key)
  return keys
}
