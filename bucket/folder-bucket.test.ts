import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { acceptBucket } from './acceptance.ts'
import { FolderBucket } from './folder-bucket.ts'

t.test('FolderBucket', async (t) => {
  await acceptBucket(t, async (t) => FolderBucket.open(join(t.testdir({}), 'new', 'bucket')))
})

t.test('leftovers are not listed, and removed once they are old', async (t) => {
  const root = t.testdir({})
  const temporary = join(root, '.conprof-tmp')
  await mkdir(temporary)
  for (const name of ['old', 'young']) await writeFile(join(temporary, name), 'half an ob')
  const twoHoursAgo = Date.now() / 1000 - 7200
  await utimes(join(temporary, 'old'), twoHoursAgo, twoHoursAgo)
  const bucket = await FolderBucket.open(root)
  t.same(await readdir(temporary), ['young'])
  for await (const { key } of bucket.list('')) t.fail(key)
})

t.test('a put that fails leaves nothing behind', async (t) => {
  const root = t.testdir({ a: 'an object' })
  const bucket = await FolderBucket.open(root)
  await t.rejects(bucket.put('a/b', Buffer.from('1')), {
    code: 'REJECTED',
    message: `put "a/b" into bucket ${root}: a folder cannot hold a key that is also the start of another key`,
  })
  await mkdir(join(root, 'x', 'y'), { recursive: true })
  await t.rejects(bucket.put('x', Buffer.from('1')), { code: 'REJECTED' })
  await bucket.delete('x')
  t.same((await readdir(join(root, '.conprof-tmp'))).length, 0)
  await t.rejects(bucket.stat('x'), { code: 'NOT_FOUND' })
  await t.rejects(bucket.getRange('x', 0, 10), { code: 'NOT_FOUND' })
})

t.test('delete() removes folders that became empty, never the bucket', async (t) => {
  const root = t.testdir({})
  const bucket = await FolderBucket.open(root)
  await bucket.put('blocks/2024-01-01/a', Buffer.from('1'))
  await bucket.put('blocks/2024-01-02/a', Buffer.from('1'))
  await bucket.delete('blocks/2024-01-01/a')
  t.same(await readdir(join(root, 'blocks')), ['2024-01-02'])
  await bucket.delete('blocks/2024-01-02/a')
  t.same(await readdir(root), ['.conprof-tmp'])
})

t.test('puts and deletes beside each other do not trip over folders', async (t) => {
  const bucket = await FolderBucket.open(t.testdir({}))
  const rounds = Array.from({ length: 100 }, (_, round) => `day/${round}`)
  await Promise.all(
    rounds.map(async (key) => {
      await bucket.put(key, Buffer.from(key))
      await bucket.delete(key)
    }),
  )
  for await (const { key } of bucket.list('')) t.fail(key)
})

t.test('a symbolic link in a circle does not trap a listing', async (t) => {
  const root = t.testdir({ object: '1' })
  await symlink(root, join(root, 'again'))
  const keys = []
  for await (const { key } of (await FolderBucket.open(root)).list('')) keys.push(key)
  t.same(keys, ['object'])
})

t.test('a file where the folder should be', async (t) => {
  const path = join(t.testdir({ file: 'x' }), 'file')
  await t.rejects(FolderBucket.open(path), {
    code: 'NO_BUCKET',
    message: `open bucket ${path}: there is something else than a folder`,
  })
})

t.test('a folder that went away', async (t) => {
  const root = join(t.testdir({}), 'bucket')
  const bucket = await FolderBucket.open(root)
  await (await import('node:fs/promises')).rm(root, { recursive: true })
  const list = async () => {
    for await (const { key } of bucket.list('blocks/')) t.fail(key)
  }
  await t.rejects(list(), {
    code: 'NO_BUCKET',
    message: `list "blocks/" of bucket ${root}: no such folder`,
  })
})
