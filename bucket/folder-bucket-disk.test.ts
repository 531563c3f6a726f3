import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)

// A disk of its own needs a mount, and a mount a namespace: a child that can do nothing to this machine.
const tests = `
  import { readdirSync, writeFileSync } from 'node:fs'
  import { execFileSync } from 'node:child_process'
  import { FolderBucket } from ${JSON.stringify(new URL('./folder-bucket.ts', import.meta.url).href)}
  const root = process.env.DISK
  const said = []
  const tell = (what, promise) => promise.then(
    () => said.push([what, 'OK', '']),
    (error) => said.push([what, error.code, error.message.replaceAll(root, 'DISK')]),
  )
  const bucket = await FolderBucket.open(root)
  await tell('fits', bucket.put('a', new Uint8Array(1000)))
  await tell('too large', bucket.put('b', new Uint8Array(2 ** 20)))
  const source = process.env.SOURCE
  writeFileSync(source, new Uint8Array(2 ** 20))
  await tell('file too large', bucket.putFile('b', source))
  said.push(['left', readdirSync(root + '/.conprof-tmp').length, ''])
  await tell('still fits', bucket.put('a', new Uint8Array(2000)))
  execFileSync('mount', ['-o', 'remount,ro', root])
  const again = await FolderBucket.open(root)
  await tell('put', again.put('a', new Uint8Array(1)))
  await tell('delete', again.delete('a'))
  await tell('read', again.getRange('a', 0, 10))
  await tell('new folder', FolderBucket.open(root + '/new'))
  console.log(JSON.stringify(said))
`

const isolated = ['--user', '--map-root-user', '--mount']
const canMount = await run('unshare', [...isolated, 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).then(
  () => true,
  () => false,
)
const skip = canMount ? false : 'nobody may mount in a namespace here'

t.test('FolderBucket on a full and on a read-only disk', { skip }, async (t) => {
  const folder = t.testdir({ disk: {} })
  const script = 'mount -t tmpfs -o size=256k tmpfs "$DISK" && exec "$NODE" --input-type=module -e "$TESTS"'
  const { stdout } = await run('unshare', [...isolated, 'sh', '-c', script], {
    env: {
      ...process.env,
      DISK: `${folder}/disk`,
      SOURCE: `${folder}/source`,
      NODE: process.execPath,
      TESTS: tests,
    },
  })
  t.same(JSON.parse(stdout), [
    ['fits', 'OK', ''],
    ['too large', 'DISK_FULL', 'put "b" into bucket DISK: no space left on the disk'],
    ['file too large', 'DISK_FULL', 'put "b" into bucket DISK: no space left on the disk'],
    ['left', 0, ''],
    ['still fits', 'OK', ''],
    ['put', 'READ_ONLY', 'put "a" into bucket DISK: the file system is read-only'],
    ['delete', 'READ_ONLY', 'delete "a" from bucket DISK: the file system is read-only'],
    ['read', 'OK', ''],
    ['new folder', 'READ_ONLY', 'open bucket DISK/new: the file system is read-only'],
  ])
})
