import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { answersOf, cutBlock, putBlocks } from '../support/compaction-rig.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { until } from '../support/until.ts'

const atOnce = ['--compact.grace=0s', '--compact.delete-delay=0s']
const blocks = [0, 1, 4].flatMap((slot) => ['w1', 'w2'].map((writer) => cutBlock({ slot, writer })))

async function keysIn(bucket: FolderBucket): Promise<string[]> {
  return Array.fromAsync(bucket.list('blocks/'), ({ key }) => key)
}

t.test('conprof compact --dry-run and --once', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(bucket, blocks)
  const before = await answersOf(bucket)
  const keys = await keysIn(bucket)
  const path = `--storage.path=${folder}`
  const plan = await runConprof(['compact', '--dry-run', path, ...atOnce])
  t.equal(plan.code, 0, plan.stderr)
  t.match(
    plan.stdout,
    /^merge +from +to +blocks +size +into level\nday +.* 00:00 +.* 00:00 +6 +.* +3\n6 blocks of /,
  )
  t.same(await keysIn(bucket), keys, 'nothing was done')
  t.throws(() => readFileSync(join(folder, 'cluster-name')), 'nor kept')
  const waiting = await runConprof(['compact', '--dry-run', path, '--compact.grace=45m'])
  t.match(waiting.stdout, /^0 blocks of 0 B to merge in 0 goes, 0 to delete/, 'they have just come')

  const done = await runConprof(['compact', '--once', path, ...atOnce])
  t.equal(done.code, 0, done.stderr)
  t.equal(done.stdout, `1 merge, 6 blocks deleted, in ${join(folder, 'bucket')}\n`)
  t.equal((await keysIn(bucket)).length, 1)
  t.same(await answersOf(bucket), before)
  const again = await runConprof(['compact', '--once', path, ...atOnce])
  t.match(again, { code: 0, stdout: /^0 merges, 0 blocks deleted/ })

  await bucket.put(`blocks/${blocks[0]!.key}`, blocks[0]!.bytes.subarray(0, 50))
  await bucket.put(`blocks/${blocks[1]!.key}`, blocks[1]!.bytes)
  const other = await runConprof(['compact', '--once', path, '--compact.cluster=west', ...atOnce])
  const own = readFileSync(join(folder, 'cluster-name'), 'utf8').trim()
  t.equal(other.code, 1)
  t.match(other.stderr, `owner.json names cluster "${own}", this is "west"`)
  const taken = await runConprof([
    'compact',
    '--once',
    path,
    '--compact.cluster=west',
    '--take-ownership',
    ...atOnce,
  ])
  t.equal(taken.code, 0, taken.stderr)
  t.match(taken.stderr, 'block set aside')
  t.match(JSON.parse(readFileSync(join(folder, 'bucket/owner.json'), 'utf8')), { cluster: 'west' })
})

t.test('conprof compact runs until it is told to end, or the bucket is another cluster’s', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(bucket, blocks)
  const flags = [`--storage.path=${folder}`, '--compact.interval=1s', ...atOnce]
  const program = await startConprof(flags, 'compact')
  t.teardown(() => program.stop())
  await until('one block', async () => (await keysIn(bucket)).length === 1)
  const metrics = async () => (await fetch(`${program.url}/metrics`)).text()
  await until('its count', async () => /^conprof_compact_jobs_total\{level="3"\} 1$/m.test(await metrics()))
  t.equal((await fetch(`${program.url}/-/ready`)).status, 200)

  const other = await runConprof([
    ...['compact', '--web.listen-address=127.0.0.1:0', '--compact.cluster=west', ...flags],
  ])
  t.match(other, { code: 1, stderr: 'this is "west"' })
  t.equal(await program.stop(), 0)
})

t.test('conprof all compacts its own bucket, and scrapes on where it is not its own', async (t) => {
  const folder = t.testdir()
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  await putBlocks(bucket, blocks)
  const flags = [`--storage.path=${folder}`, '--compact.interval=1s', ...atOnce]
  const program = await startConprof(flags)
  t.teardown(() => program.stop())
  await until('one block', async () => (await keysIn(bucket)).length === 1)
  await bucket.put('owner.json', Buffer.from('{"cluster":"west","createdMs":1}'))
  await until('an error', () => program.stderr().includes('compact no more: own bucket'))
  t.equal((await fetch(`${program.url}/-/ready`)).status, 200)
  t.equal(await program.stop(), 0)
})
