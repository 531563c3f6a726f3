import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { putCorpusBlock } from '../support/corpus-block.ts'
import { until } from '../support/until.ts'

const day = '2020-01-01'
const block = '1577836800000-1577836800001-1-00112233445566ff.block'

/** A program whose bucket has one block, of long ago. */
async function startOn(t: Test, program: string, ...flags: readonly string[]) {
  const folder = t.testdir({
    'conprof.yaml': 'scrape_configs: []\n',
    data: { bucket: { blocks: { [day]: { [block]: 'old' } } } },
  })
  const path = `--storage.path=${join(folder, 'data')}`
  const started = await startConprof(
    [`--config.file=${join(folder, 'conprof.yaml')}`, path, ...flags],
    program,
  )
  t.teardown(() => started.stop())
  const bucket = join(folder, 'data', 'bucket')
  return {
    ...started,
    path,
    stored: join(bucket, 'blocks', day, block),
    tombstone: join(bucket, 'deleted', day, `${block}.json`),
  }
}

t.test('a collector deletes nothing, and says so where it is asked to', async (t) => {
  const asked = await startOn(t, 'collector', '--collector.ordinal=0', '--storage.retention.time=1d')
  await until('its warning', () =>
    /a collector deletes nothing: --storage.retention.time belong/.test(asked.stderr()),
  )
  const metrics = await (await fetch(`${asked.url}/metrics`)).text()
  t.notMatch(metrics, 'conprof_retention_', 'it has none of it')
  const other = await startOn(t, 'collector', '--collector.ordinal=0')
  t.notMatch(other.stderr(), /retention/)
  t.ok(existsSync(asked.stored) && existsSync(other.stored))
})

t.test('conprof all deletes what is too old, and asks where that is nearly everything', async (t) => {
  const all = await startOn(t, 'all', '--storage.retention.time=30d', '--compact.interval=1s')
  const halted = async (value: number) => {
    const metrics = await (await fetch(`${all.url}/metrics`)).text()
    return metrics.includes(`\nconprof_retention_halted ${value}\n`)
  }
  await until('its halt', () => halted(1))
  const said = /nothing deleted: 3 B of 3 B would go at once, .*conprof block confirm-deletion/
  await until('what it says', () => said.test(all.stderr()))
  t.notOk(existsSync(all.tombstone))
  const { stdout } = await runConprof(['block', 'confirm-deletion', all.path])
  t.match(stdout, /^confirmed: the next pass within 24 h deletes up to 3 B of 3 B, 1 block \(1 for time\)/)
  await until('its end', () => existsSync(all.tombstone), 90_000)
  t.ok(existsSync(all.stored), 'not for good yet')
  await until('no halt', () => halted(0))
})

t.test('conprof compact does what a policy file says, and says what is wrong with it', async (t) => {
  const folder = t.testdir({})
  const bucket = await FolderBucket.open(join(folder, 'bucket'))
  const hourMs = 3_600_000
  const key = await putCorpusBlock(bucket, {
    series: ['dev', 'shop'].map((namespace) => ({ from: 'etcd/goroutine', labels: { namespace } })),
    ...{ count: 4, startMs: Date.now() - 5 * hourMs, stepMs: 60_000, writer: 'a' },
  })
  const file = join(folder, 'policy.yaml')
  const parameters = ['compact', '--once', `--storage.path=${folder}`, `--storage.policy-file=${file}`]
  writeFileSync(file, 'retention:\n  - {match: "{namespace=dev}", age: 3h}\n')
  const wrong = await runConprof(parameters)
  t.equal(wrong.code, 1)
  t.equal(
    wrong.stderr,
    `conprof: ${file}:2:13: retention[0].match: read selector: unexpected dev at 11: values need quotes, ="dev"\n`,
  )
  writeFileSync(file, `retention:\n  - {match: '{namespace="dev"}', age: 3h}\n`)
  const right = await runConprof(parameters)
  t.equal(right.code, 0, right.stderr)
  t.match(right.stderr, key)
  const listed = await runConprof(['block', 'ls', `--storage.path=${folder}`])
  t.match(listed.stdout, /^1 block, .*, and 1 deleted, /m)
  t.match(listed.stdout, new RegExp(`^${key} .* selector, goes for good in (2d|47h5dm)$`, 'm'))
})
