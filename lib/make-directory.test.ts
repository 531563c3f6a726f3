import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeDirectory } from './make-directory.ts'

t.test('makeDirectory() makes what is missing and says where it began', async (t) => {
  const dir = t.testdir({ file: '' })
  t.equal(await makeDirectory(join(dir, 'a/b/c')), join(dir, 'a'))
  t.equal(await makeDirectory(join(dir, 'a/b/c')), undefined)
  t.ok(statSync(join(dir, 'a/b/c')).isDirectory())
  await t.rejects(makeDirectory(join(dir, 'file')), { code: 'EEXIST' })
  await t.rejects(makeDirectory(join(dir, 'file/a')), { code: 'ENOTDIR' })
})

t.test('makeDirectory() ends where the kernel lets nobody make a folder', async (t) => {
  await t.rejects(makeDirectory('/proc/conprof/wal'), { code: 'ENOENT' })
})
