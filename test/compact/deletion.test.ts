import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Bucket } from '../../bucket/bucket.ts'
import { openBucketFile } from '../../bucket/open-bucket.ts'
import type { RetentionLimits } from '../../compact/plan-retention.ts'
import { type PolicyFile, parsePolicyFile } from '../../compact/policy-file.ts'
import { Retention } from '../../compact/retention.ts'
import { listStoredBlocks } from '../../compact/stored-blocks.ts'
import { silentLogger } from '../../lib/log.ts'
import type { ProfilesAnswer, TopAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { putCorpusBlock } from '../support/corpus-block.ts'
import { startVersitygw } from '../support/versitygw.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Three days, with a block of four hours at the beginning of each. */
const startMs = Math.floor(Date.now() / hourMs) * hourMs - 3 * dayMs
const everything = { start: `${startMs / 1000}`, end: 'now' }

interface Rig {
  readonly bucket: Bucket
  /** A tool on it, with its `ok` or a failure of the test. */
  conprof(...parameters: string[]): Promise<string>
  /** A pass over it now, or so long from now. */
  pass(options: { limits?: RetentionLimits; policy?: PolicyFile; afterMs?: number }): Promise<void>
  /** What a query program that just started answers: profiles of dev and shop, and a sum over all of them. */
  answers(): Promise<{ dev: number; shop: number; total: string; warnings: readonly string[] }>
}

/** A bucket as its file says, with three blocks. */
async function startRig(t: Test, objstore: object): Promise<Rig> {
  const folder = t.testdir({ work: {} })
  const file = join(folder, 'objstore.yaml')
  writeFileSync(file, JSON.stringify(objstore))
  const flag = `--objstore.config-file=${file}`
  const bucket = await openBucketFile(file, { log: silentLogger(), registry: new Registry() })
  t.teardown(() => bucket.close())
  for (let day = 0; day < 3; day++) {
    await putCorpusBlock(bucket, {
      series: ['dev', 'shop'].map((namespace) => ({ from: 'etcd/heap', labels: { namespace } })),
      count: 4,
      startMs: startMs + day * dayMs,
      stepMs: hourMs,
      writer: `day ${day}`,
    })
  }
  return {
    bucket,
    conprof: async (...parameters) => {
      const { code, stdout, stderr } = await runConprof([...parameters, flag])
      t.equal(code, 0, `conprof ${parameters.join(' ')}: ${stderr}`)
      return stdout
    },
    pass: async ({ limits = {}, policy = { retention: [], thinning: [] }, afterMs = 0 }) => {
      const retention = new Retention({
        ...{ bucket, limits, policy, logger: silentLogger(), registry: new Registry() },
        directory: join(folder, 'work'),
        now: () => Date.now() + afterMs,
      })
      await retention.pass(new AbortController())
    },
    answers: async () => {
      const query = await startConprof([flag], 'query')
      try {
        const profiles = async (namespace: string) => {
          const asked = { query: `heap{namespace="${namespace}"}`, ...everything, limit: '100' }
          return await askApi<ProfilesAnswer>(query.url, 'profiles', asked)
        }
        const [dev, shop] = [await profiles('dev'), await profiles('shop')]
        const merged = { query: 'heap', ...everything, format: 'top', type: 'alloc_space', agg: 'sum' }
        const top = await askApi<TopAnswer>(query.url, 'profile', merged).catch((error: Error) => error)
        return {
          dev: dev.data.profiles.length,
          shop: shop.data.profiles.length,
          total: top instanceof Error ? top.message : top.data.total,
          warnings: [...dev.warnings, ...shop.warnings],
        }
      } finally {
        await query.stop()
      }
    },
  }
}

async function deletesAndUndeletes(t: Test, objstore: object): Promise<void> {
  const { pass, answers, conprof, bucket } = await startRig(t, objstore)
  const before = await answers()
  t.match(before, { dev: 12, shop: 12, warnings: [] })

  const devGone = parsePolicyFile(`retention: [{match: '{namespace="dev"}', age: 1h}]`, 'policy.yaml')
  await pass({ policy: devGone })
  t.match(await answers(), before, 'it would be too much at once')
  t.match(await conprof('block', 'confirm-deletion'), /^confirmed: .* 3 blocks \(3 for selector\)/)
  await pass({ policy: devGone })
  t.match(await answers(), { dev: 0, shop: 12, warnings: [] })
  const listed = await conprof('block', 'ls')
  t.equal(listed.match(/selector, goes for good in (2d|47h5\dm)/g)?.length, 3, listed)
  t.match(listed, /^3 blocks, .*, and 3 deleted, /m)

  t.match(await conprof('block', 'undelete', '--since=1h'), /are back, instead of /)
  t.strictSame(await answers(), before, 'all is back')

  await pass({ limits: { maxAgeMs: 2.5 * dayMs } })
  const [oldest] = await listStoredBlocks(bucket)
  t.match(await answers(), { dev: 8, shop: 8, warnings: [] })
  await conprof('block', 'undelete', oldest!.key)
  t.strictSame(await answers(), before)

  await pass({ limits: { maxAgeMs: 2.5 * dayMs }, afterMs: 1000 })
  await pass({ afterMs: 47.9 * hourMs })
  t.ok(
    (await listStoredBlocks(bucket)).some(({ key }) => key === oldest!.key),
    'still there',
  )
  await pass({ afterMs: 48.1 * hourMs })
  t.notOk(
    (await listStoredBlocks(bucket)).some(({ key }) => key === oldest!.key),
    'gone for good',
  )
  t.match(await answers(), { dev: 8, shop: 8, warnings: [] })
}

t.test('what was deleted comes back: a folder', async (t) => {
  const directory = t.testdir({})
  await deletesAndUndeletes(t, { type: 'FILESYSTEM', config: { directory } })
})

t.test('what was deleted comes back: S3', async (t) => {
  const store = await startVersitygw(t)
  await deletesAndUndeletes(t, {
    type: 'S3',
    prefix: 'clusters/test',
    config: {
      bucket: await store.createBucket(),
      endpoint: store.endpoint,
      insecure: true,
      access_key: store.accessKey,
      secret_key: store.secretKey,
    },
  })
})

t.test('conprof delete shows what it would do, and erases for good', async (t) => {
  const directory = t.testdir({})
  const { answers, conprof, bucket, pass } = await startRig(t, { type: 'FILESYSTEM', config: { directory } })
  const before = await answers()
  // All of the first day, half of the second.
  const range = [`--start=${startMs / 1000}`, `--end=${(startMs + dayMs + 1.5 * hourMs) / 1000}`]
  const selection = [`--match={namespace="dev"}`, ...range]
  const shown = await conprof('delete', ...selection)
  t.match(shown, /^6 profiles in 2 blocks, /m)
  t.match(shown, /Nothing was done/)
  t.strictSame(await answers(), before)
  await conprof('pin', 'incident', '--match={}', ...range)

  const done = await conprof('delete', ...selection, '--yes', '--readers-wait=10ms')
  t.match(done, /^6 profiles in 2 blocks, /m)
  const after = await answers()
  t.match(after, { dev: 6, shop: 12, warnings: [] })
  t.equal((await listStoredBlocks(bucket)).length, 3, 'sources are gone, and no tombstone is left')
  t.strictSame(await Array.fromAsync(bucket.list('deleted/')), [])

  await putCorpusBlock(bucket, {
    series: [{ from: 'etcd/heap', labels: { namespace: 'dev' } }],
    ...{ count: 2, startMs: startMs + hourMs / 2, stepMs: hourMs, writer: 'late' },
  })
  await pass({})
  t.strictSame(await answers(), after, 'what comes late is erased, too')
  const missing = await runConprof(['delete', '--match={}', `--storage.path=${directory}`])
  t.match(missing, { code: 1, stderr: 'conprof: delete: want --match, --start and --end\n' })
})

t.test('conprof pin keeps beyond retention, until conprof unpin', async (t) => {
  const directory = t.testdir({})
  const { answers, conprof, pass } = await startRig(t, { type: 'FILESYSTEM', config: { directory } })
  const start = new Date(startMs).toISOString()
  const end = new Date(startMs + 1.5 * hourMs).toISOString()
  await conprof('pin', 'incident-7', '--match={namespace="dev"}', `--start=${start}`, `--end=${end}`)
  t.match(
    await conprof('pin', '--list'),
    new RegExp(`incident-7 +${start} +${end} +{namespace="dev"}\n1 pin in`),
  )
  await pass({ limits: { maxAgeMs: 2.5 * dayMs } })
  t.match(await answers(), { dev: 10, shop: 8, warnings: [] })
  await conprof('unpin', 'incident-7')
  t.match(await conprof('pin', '--list'), /^0 pins in/)
  await pass({ limits: { maxAgeMs: 2.5 * dayMs } })
  t.match(await answers(), { dev: 8, shop: 8, warnings: [] })
})

t.test('an empty install on a copied bucket answers within a minute', async (t) => {
  const folder = t.testdir({ original: {}, all: {}, query: {} })
  const original = join(folder, 'original')
  const { answers } = await startRig(t, { type: 'FILESYSTEM', config: { directory: original } })
  const before = await answers()
  for (const program of ['all', 'query'] as const) {
    const path = join(folder, program)
    cpSync(original, join(path, 'bucket'), { recursive: true })
    const beganMs = performance.now()
    const started = await startConprof([`--storage.path=${path}`], program)
    t.teardown(() => started.stop())
    const asked = { query: 'heap{service_name="etcd"}', ...everything }
    const merged = { ...asked, format: 'top', type: 'alloc_space', agg: 'sum' }
    const { data, warnings } = await askApi<TopAnswer>(started.url, 'profile', merged)
    const listed = await askApi<ProfilesAnswer>(started.url, 'profiles', { ...asked, limit: '100' })
    const tookMs = performance.now() - beganMs
    t.match({ total: data.total, warnings }, { total: before.total, warnings: [] })
    t.equal(listed.data.profiles.length, 24)
    t.ok(tookMs < 60_000, `conprof ${program} answered ${Math.round(tookMs)} ms after its start`)
    t.comment(`conprof ${program} answered ${Math.round(tookMs)} ms after its start`)
  }
})
