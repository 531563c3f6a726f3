import { readdirSync, readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import t from 'tap'
import type { ProcessIdentity } from '../block/attempt.ts'
import { compactBlocks } from '../block/compact-blocks.ts'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { type Labels, sortLabels } from '../profile/labels.ts'
import { Catalog } from '../query/catalog.ts'
import { mergeProfiles } from '../query/merge-profiles.ts'
import { selectSeries } from '../query/select.ts'
import { drawProfile } from '../test/support/drawn-profile.ts'
import { openDuck } from '../test/support/duckdb.ts'
import { exportParquet, type ParquetExportOptions } from './export-parquet.ts'

const dayMs = 24 * 60 * 60 * 1000
const midnight = 20_000 * dayMs
const minuteMs = 60_000
const types = ['alloc_space/bytes', 'inuse_space/bytes']

function processOf(containerId: string, startTimeMs: number): ProcessIdentity {
  return {
    containerId,
    startTimeMs,
    restartCount: containerId.length,
    image: `image-${containerId}`,
    memoryLimitBytes: 2 ** 30,
    cpuLimitMillicores: 0,
  }
}

/** One pod's heap over midnight, every 20 min: it restarts at 23:30 and at 00:50. */
async function fillBucket(): Promise<MemoryBucket> {
  const bucket = new MemoryBucket()
  const labels = sortLabels([
    ['namespace', 'shop'],
    ['service_name', 'shop/cart'],
    ['pod', 'cart-1'],
    ['profile_type', 'heap'],
  ])
  const lives = [
    { process: processOf('a', midnight - 500 * minuteMs), from: -120 },
    { process: processOf('bb', midnight - 30 * minuteMs), from: -30 },
    { process: processOf('ccc', midnight + 50 * minuteMs), from: 50 },
  ]
  let builder = createBlockBuilder()
  let day = -1
  const cut = async () => {
    const block = builder.encode()
    if (block !== undefined) await bucket.put(`blocks/${block.key}`, block.bytes)
    builder = createBlockBuilder()
  }
  let seq = 0
  for (let minute = -115; minute < 120; minute += 20) {
    const timeMs = midnight + minute * minuteMs
    const life = lives.findLast(({ from }) => from <= minute)!
    const ageMinutes = (timeMs - life.process.startTimeMs) / minuteMs
    const stacks = { 'main;f': [1000 * ageMinutes, 50], 'main;g': [7 * ageMinutes, 0], 'main;h': [3, 2] }
    const body = drawProfile({ types, stacks })
    // A block a day, as they are cut.
    if (Math.floor(timeMs / dayMs) !== day) await cut()
    day = Math.floor(timeMs / dayMs)
    const attempt = { labels, timeMs, durationMs: 5, health: 'ok', httpStatus: 200, body } as const
    builder.append({ ...attempt, process: life.process }, { writer: 'w', seq: seq++ })
  }
  const idle: Labels = sortLabels([
    ['service_name', 'idle'],
    ['profile_type', 'cpu'],
  ])
  const failed = {
    labels: idle,
    timeMs: midnight + minuteMs,
    durationMs: 1,
    health: 'refused',
    httpStatus: 0,
  } as const
  builder.append(failed, { writer: 'w', seq: seq++ })
  await cut()
  return bucket
}

const bucket = await fillBucket()
const catalog = new Catalog({ bucket, log: silentLogger(), registry: new Registry() })
const range = { startMs: midnight - 119 * minuteMs, endMs: midnight + 119 * minuteMs }

async function exportTo(directory: string, options: Partial<ParquetExportOptions> = {}) {
  const warnings: string[] = []
  const warn = (warning: string) => warnings.push(warning)
  const notes: string[] = []
  const note = (text: string) => notes.push(text)
  const asked = { ...range, catalog, matchers: [], directory, warn, note, ...options }
  const done = await exportParquet(asked)
  const duck = await openDuck()
  t.teardown(() => duck.close())
  for (const table of ['samples', 'stacks', 'series']) {
    const files = `${directory}/${table}/**/*.parquet`
    await duck.run(`CREATE VIEW ${table} AS SELECT * FROM read_parquet('${files}', hive_partitioning = true)`)
  }
  return { done, duck, warnings, notes }
}

async function grown(type: string): Promise<bigint> {
  const { sources } = await catalog.open({ ...range, matchers: [] })
  const { series } = await selectSeries(sources, { ...range, matchers: [] })
  const merged = await mergeProfiles(
    series.flatMap(({ parts }) => parts),
    { ...range, agg: 'delta', type },
  )
  return merged.values[0]!.total()
}

t.test(
  'exportParquet() tells the growth of a counter over midnight and restarts, step by step',
  async (t) => {
    const { done, duck, warnings } = await exportTo(t.testdir({}), { stepMs: 60 * minuteMs })
    t.strictSame(warnings, [])
    t.equal(done.profileCount, 12)
    const days = await duck.ask(
      "SELECT date, sum(profiles) AS n FROM series WHERE namespace = 'shop' GROUP BY ALL ORDER BY 1",
    )
    t.strictSame(
      days.map(({ n }) => n),
      ['6', '6'],
    )
    const [total] = await duck.ask(
      "SELECT sum(delta) AS delta FROM samples WHERE sample_type = 'alloc_space'",
    )
    t.equal(total?.['delta'], String(await grown('alloc_space')))
    const steps = await duck.ask(
      `SELECT strftime(time, '%H:%M') AS at, sum(delta) FILTER (WHERE leaf_function = 'g') AS g, any_value(samples.profiles) AS n
     FROM samples JOIN stacks USING (date, namespace, stack_id) WHERE sample_type = 'alloc_space' GROUP BY time ORDER BY time`,
    )
    t.strictSame(
      steps.map(({ at, n }) => `${at} ${n}`),
      ['22:00 3', '23:00 3', '00:00 3', '01:00 3'],
    )
    // 22:05 to 22:45; then to 23:25, the last of the first life, and 15 min of the second; to 00:45; the third from its birth.
    t.strictSame(
      steps.map(({ g }) => Number(g) / 7),
      [40, 40 + 15, 60, 55],
    )
  },
)

t.test('exportParquet() says of which process a row is', async (t) => {
  const { duck } = await exportTo(t.testdir({}))
  const rows = await duck.ask(
    `SELECT container_id, restart_count AS restarts, image, epoch_ms(process_start) AS start, memory_limit_bytes AS memory,
       cpu_limit_millicores AS cpu, count(DISTINCT time) AS n
     FROM samples GROUP BY ALL ORDER BY 1`,
  )
  const of = (container: string, minute: number, n: number) => ({
    container_id: container,
    restarts: String(container.length),
    image: `image-${container}`,
    start: String(midnight + minute * minuteMs),
    memory: String(2 ** 30),
    cpu: null,
    n: String(n),
  })
  t.strictSame(rows, [of('a', -500, 5), of('bb', -30, 4), of('ccc', 50, 3)])
  // Zeros are left out, and a series that never had a profile is none.
  t.strictSame(
    await duck.ask(
      "SELECT DISTINCT leaf_function AS leaf FROM samples JOIN stacks USING (date, namespace, stack_id) WHERE sample_type = 'inuse_space' ORDER BY 1",
    ),
    [{ leaf: 'f' }, { leaf: 'h' }],
  )
  t.strictSame(await duck.ask('SELECT DISTINCT service_name AS name FROM series'), [{ name: 'shop/cart' }])
})

t.test('exportParquet() leaves out what was thinned, and says so', async (t) => {
  const folder = t.testdir({})
  const thinned = new MemoryBucket()
  for await (const { key, sizeBytes } of bucket.list('')) {
    const source = memorySource(key, await bucket.getRange(key, 0, sizeBytes))
    const [block] = await compactBlocks({
      sources: [await openBlock(source)],
      level: 2,
      directory: folder,
      policy: () => (timeMs) => (((timeMs - midnight) / minuteMs) % 3 === 0 ? 'keep' : 'thin'),
      version: 2,
    })
    await thinned.put(`blocks/${block!.key}`, readFileSync(block!.path))
  }
  const other = new Catalog({ bucket: thinned, log: silentLogger(), registry: new Registry() })
  for (const step of [{}, { stepMs: 60 * minuteMs }]) {
    const { done, duck, warnings, notes } = await exportTo(`${folder}/${Object.keys(step)}`, {
      catalog: other,
      ...step,
    })
    t.equal(done.profileCount, 4)
    t.strictSame(warnings, [])
    t.strictSame(notes, ['8 profiles were thinned out and are not in it'])
    t.strictSame(await duck.ask('SELECT sum(profiles) AS n FROM series'), [{ n: '4' }])
    const [sum] = await duck.ask("SELECT sum(value) AS sum FROM samples WHERE sample_type = 'inuse_space'")
    t.equal(sum?.['sum'], String(4 * 52))
  }
})

t.test('exportParquet() ends files at a size, and leaves none behind that is not whole', async (t) => {
  const folder = t.testdir({})
  const { done } = await exportTo(folder, { maxFileBytes: 1 })
  t.equal(done.sampleCount, 12 * 5)
  const stopped = new AbortController()
  const unfinished = t.testdir({ stopped: {} })
  const rejected = exportTo(unfinished, {
    signal: stopped.signal,
    onProgress: () => stopped.abort(new Error('stopped')),
  })
  await t.rejects(rejected, { message: 'stopped' })
  const left = readdirSync(unfinished, { recursive: true }).map(String)
  t.ok(left.some((path) => path.endsWith('namespace=shop')))
  t.strictSame(
    left.filter((path) => path.includes('parquet')),
    [],
  )
})
