import { cpSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import pino from 'pino'
import { Registry } from 'prom-client'
import t from 'tap'
import { tombstoneKey } from '../block/tombstone.ts'
import type { Bucket } from '../bucket/bucket.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { formatLabels } from '../profile/labels.ts'
import { Catalog } from '../query/catalog.ts'
import { selectSeries } from '../query/select.ts'
import { corpusFiles } from '../query/testdata/corpus-files.ts'
import { runConprof } from '../test/support/conprof.ts'
import { drawProfile } from '../test/support/drawn-profile.ts'
import { findFiles } from './find-files.ts'
import { parsePathTemplate } from './path-template.ts'
import { type PlanOptions, planImport } from './plan-import.ts'
import { type WriteOptions, writeBlocks } from './write-blocks.ts'

const corpus = fileURLToPath(new URL('../test/testdata/corpus/', import.meta.url))
const pathTemplate = parsePathTemplate('{job}/{profile_type}/{timeMs}.pb.gz')
const day = 24 * 60 * 60 * 1000

function draw(type: string, stack: string, value: number): Buffer {
  return Buffer.from(drawProfile({ types: [type], stacks: { [stack]: [value] } }))
}

function plan(paths: readonly string[], options: Partial<PlanOptions> = {}) {
  return planImport(findFiles(paths), { labels: {}, ...options })
}

async function importInto(
  bucket: Bucket,
  paths: readonly string[],
  options: Partial<PlanOptions> & Partial<WriteOptions> = {},
) {
  return await writeBlocks(await plan(paths, options), { bucket, ...options })
}

async function keysOf(bucket: Bucket): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of bucket.list('')) keys.push(key)
  return keys
}

/** What a query over everything finds, series by series, as `labels: times`; and every body. */
async function stored(bucket: Bucket) {
  const catalog = new Catalog({ bucket, log: pino({ level: 'silent' }), registry: new Registry() })
  const range = { startMs: 0, endMs: Date.UTC(2200, 0), matchers: [] }
  const { sources, warnings } = await catalog.open(range)
  const selection = await selectSeries(sources, range)
  const series: string[] = []
  const bodies = new Map<string, Buffer>()
  for (const { labels, parts } of selection.series) {
    const times: number[] = []
    for (const part of parts) {
      for (let row = part.firstRow; row <= part.lastRow; row++) {
        const timeMs = part.rows.timeMs[row]!
        times.push(timeMs)
        bodies.set(
          `${labels['job']}/${labels['profile_type']}/${timeMs}`,
          Buffer.from(await part.reader.body(part.series, row)),
        )
      }
    }
    series.push(`${formatLabels(labels)}: ${times.length}`)
  }
  return { series, bodies, warnings: [...warnings, ...selection.warnings] }
}

t.test('writeBlocks() stores every file of a folder, byte for byte', async (t) => {
  const bucket = new MemoryBucket()
  const { blocks, problems } = await importInto(bucket, [`${corpus}etcd`, `${corpus}prometheus`], {
    pathTemplate,
  })
  t.strictSame(problems, [])
  t.strictSame(
    blocks.map(({ outcome }) => outcome),
    ['new'],
  )
  const { series, bodies, warnings } = await stored(bucket)
  t.strictSame(warnings, [])
  t.equal(series.length, 10)
  t.ok(series.includes('{job="etcd", profile_type="heap", service_name="etcd"}: 30'))
  for (const program of ['etcd', 'prometheus'])
    for (const type of ['heap', 'cpu', 'goroutine', 'allocs'])
      for (const { timeMs, body } of corpusFiles(program, type))
        if (!bodies.get(`${program}/${type}/${timeMs}`)?.equals(gunzipSync(body)))
          t.fail(`${program} ${type} ${timeMs}`)
})

t.test('writeBlocks() brings the same files once, whatever was imported before', async (t) => {
  const bucket = new MemoryBucket()
  const options = { pathTemplate, maxHeldBytes: 1_000_000 }
  const first = await importInto(bucket, [`${corpus}etcd/heap`], options)
  const keys = await keysOf(bucket)
  const again = await importInto(bucket, [`${corpus}etcd/heap`], options)
  t.strictSame(
    again.blocks.map(({ key }) => key),
    first.blocks.map(({ key }) => key),
  )
  t.ok(again.blocks.every(({ outcome }) => outcome === 'there'))
  t.strictSame(await keysOf(bucket), keys)
  // More than before, so in other blocks: what is in both is found once.
  await importInto(bucket, [`${corpus}etcd`], { ...options, version: 2 })
  t.ok((await keysOf(bucket)).length > keys.length)
  const { series } = await stored(bucket)
  t.strictSame(
    series,
    ['allocs', 'cpu', 'goroutine', 'heap', 'mutex'].map(
      (type) => `{job="etcd", profile_type="${type}", service_name="etcd"}: 30`,
    ),
  )
})

t.test('writeBlocks() ends a block at midnight UTC and at a size', async (t) => {
  const folder = t.testdir({})
  const midnight = 20_000 * day
  for (const timeMs of [midnight - 1000, midnight - 1, midnight, midnight + 1000]) {
    writeFileSync(join(folder, `${timeMs}.pb`), draw('cpu/nanoseconds', 'main;work', 1))
  }
  const bucket = new MemoryBucket()
  const options = { labels: { job: 'j' }, pathTemplate: parsePathTemplate('{timeMs}.pb') }
  const { blocks } = await importInto(bucket, [folder], options)
  t.strictSame(
    blocks.map(({ key }) => key.replace(/-[0-9a-f]{16}\.block$/, '')),
    [`2024-10-03/${midnight - 1000}-${midnight - 1}-1`, `2024-10-04/${midnight}-${midnight + 1000}-1`],
  )
  const small = await importInto(new MemoryBucket(), [folder], { ...options, maxHeldBytes: 1 })
  t.strictSame(
    small.blocks.map(({ profileCount }) => profileCount),
    [1, 1, 1, 1],
  )
})

t.test('writeBlocks() says so where a block was deleted since', async (t) => {
  const bucket = new MemoryBucket()
  const options = { pathTemplate }
  const [block] = (await importInto(bucket, [`${corpus}etcd/cpu`], options)).blocks
  await bucket.delete(`blocks/${block!.key}`)
  await bucket.put(tombstoneKey(block!.key), Buffer.from('{}'))
  const { blocks } = await importInto(bucket, [`${corpus}etcd/cpu`], options)
  t.strictSame(
    blocks.map(({ outcome }) => outcome),
    ['deleted'],
  )
  t.strictSame(await keysOf(bucket), [tombstoneKey(block!.key)])
})

t.test('planImport() takes the time that is nearest', async (t) => {
  const folder = t.testdir({})
  const [file] = corpusFiles('etcd', 'heap')
  const own = join(folder, '5000.pb.gz')
  cpSync(file!.path, own)
  const timeOf = async (paths: string[], options: Partial<PlanOptions>) => {
    const { profiles } = await plan(paths, { labels: { job: 'j' }, ...options })
    return profiles.map(({ timeMs, series }) => `${timeMs} ${[...series.timeSources]}`).join()
  }
  const template = parsePathTemplate('{timeMs}.pb.gz')
  t.equal(await timeOf([own], { pathTemplate: template, timeMs: 7000 }), '7000 given')
  t.equal(await timeOf([own], { pathTemplate: template }), '5000 path')
  t.match(await timeOf([own], {}), /^17953809\d{5} profile$/)
  const timeless = join(folder, 'x.pb')
  writeFileSync(timeless, draw('cpu/nanoseconds', 'main;work', 1))
  utimesSync(timeless, 9, 9)
  t.equal(await timeOf([timeless], {}), '9000 file')
})

t.test('planImport() says what is wrong with a file, and goes on', async (t) => {
  const folder = t.testdir({
    'a.txt': 'no profile',
    'b.gz': Buffer.from([0x1f, 0x8b, 8, 0, 0]),
    'c.pb': '',
    'd.pb': draw('contentions/count', 'main', 1),
    sub: { 'e.pb': draw('cpu/nanoseconds', 'main', 1) },
    same: {
      'f.pb': draw('cpu/nanoseconds', 'main', 1),
      'g.pb': draw('cpu/nanoseconds', 'main', 2),
    },
    '.hidden': 'x',
  })
  const { profiles, problems, duplicateCount } = await plan([folder], { labels: { job: 'j' }, timeMs: 1000 })
  t.strictSame(
    profiles.map(({ path }) => path),
    [join(folder, 'same/f.pb')],
  )
  t.equal(duplicateCount, 1)
  const said = problems.map((problem) => problem.replaceAll(`${folder}/`, ''))
  t.match(said, [
    /^a\.txt: not a pprof profile: /,
    /^b\.gz: not a pprof profile: unexpected end of file$/,
    /^c\.pb: not a pprof profile: it is empty$/,
    /^d\.pb: its sample types \(contentions\) do not tell what it is a profile of, want --label profile_type=<type>$/,
    /^same\/g\.pb: another profile than ".*f\.pb", but of the same series and time/,
  ])
  t.equal(said.length, 5)
  await t.rejects(plan([folder]), {
    message: /^import ".*": nothing says whose profile it is, want --label /,
  })
  await t.rejects(plan([join(folder, 'none')], { labels: { job: 'j' } }), {
    message: /^read ".*none": ENOENT$/,
  })
})

t.test('planImport() takes labels that lie beside files', async (t) => {
  const cpu = draw('cpu/nanoseconds', 'main', 1)
  const folder = t.testdir({
    good: { 'labels.json': '{"job": "j", "team": "x"}', '1795380901255.pb': cpu },
    broken: { 'labels.json': '{"job"', 'a.pb': cpu },
    list: { 'labels.json': '["job"]', 'a.pb': cpu },
    number: { 'labels.json': '{"job": 1}', 'a.pb': cpu },
  })
  const { profiles, problems } = await plan([folder], { labels: { team: 'y' } })
  t.strictSame(
    profiles.map(({ timeMs, series }) => `${timeMs} ${formatLabels(series.labels)}`),
    ['1795380901255 {job="j", profile_type="cpu", service_name="j", team="y"}'],
  )
  t.match(
    problems.map((problem) => problem.replaceAll(`${folder}/`, '')),
    [
      /^broken\/a\.pb: labels of it in "broken\/labels\.json": Expected /,
      /^list\/a\.pb: labels of it in "list\/labels\.json": want an object of names and texts$/,
      /^number\/a\.pb: labels of it in "number\/labels\.json": want an object of names and texts$/,
    ],
  )
  t.equal(problems.length, 3)
})

t.test('conprof import says what it does, and ends with 1 where a file is left out', async (t) => {
  const storage = t.testdir({ 'no.txt': 'no profile' })
  const given = [
    'import',
    `--storage.path=${storage}`,
    '--path-template',
    '{job}/{profile_type}/{timeMs}.pb.gz',
  ]
  const dry = await runConprof([...given, '--dry-run', `${corpus}etcd/mutex`])
  t.equal(dry.code, 0)
  t.match(
    dry.stdout,
    / 30 .* path +\{job="etcd", profile_type="mutex", service_name="etcd"\}\n\n30 profiles of 1 series\n$/,
  )
  t.match(await runConprof(['block', 'ls', `--storage.path=${storage}`]), { code: 1 })
  const run = await runConprof([...given, `${corpus}etcd/mutex`, join(storage, 'no.txt')])
  t.equal(run.code, 1)
  t.match(run.stderr, /^conprof: \S+no\.txt: its path does not fit \S+\n$/)
  t.match(run.stdout, /30 profiles, .*, written\n1 new blocks, /)
  const verified = await runConprof(['block', 'verify', `--storage.path=${storage}`])
  t.match(verified.stdout, /ok, 30 profiles, 30 attempts/)
  const bad = await runConprof(['import', '--label', 'job', 'x'])
  t.match(bad.stderr, /label "job": want <name>=<value>/)
})
