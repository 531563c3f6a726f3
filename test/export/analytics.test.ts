import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { TopAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { importFleet } from '../support/corpus-fleet.ts'
import { openDuck } from '../support/duckdb.ts'

// The queries of docs/analytics.md, by their headings, against the corpus as a fleet.
const page = readFileSync(new URL('../../docs/analytics.md', import.meta.url), 'utf8')
const storage = t.testdir({})
await importFleet(storage)
const range = { start: '2026-11-22T00:00:00Z', end: '2026-11-22T23:59:59Z' }
const lake = join(storage, 'lake')
const exported = await runConprof([
  ...['export', `--storage.path=${storage}`, '--format=parquet', '--aggregate=1h', '--output', lake],
  ...['--start', range.start, '--end', range.end, '--match', '{namespace!=""}'],
])
if (exported.code !== 0) throw new Error(exported.stderr)
const duck = await openDuck()
t.teardown(() => duck.close())
const query = await startConprof([`--storage.path=${storage}`], 'query')
t.teardown(() => query.stop())

/** Every ```sql of a section. */
function queriesOf(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading))
  if (section === undefined) throw new Error(`no section ${heading}`)
  return [...section.matchAll(/```sql\n(.*?)```/gs)].map((match) =>
    match[1]!.replaceAll("'lake/", `'${lake}/`),
  )
}

async function ask(heading: string, index = 0) {
  const queries = queriesOf(heading)
  return await duck.ask(queries[index] ?? '')
}

async function askTop(match: string, type: string): Promise<TopAnswer> {
  const parameters = { query: match, ...range, format: 'top', type, agg: 'sum' }
  return (await askApi<TopAnswer>(query.url, 'profile', parameters)).data
}

const tested = new Set<string>()
async function test(heading: string, body: (t: Test) => Promise<void>) {
  tested.add(heading)
  await t.test(heading, body)
}

const views = /once:\n\n```sql\n(.*?)```/s.exec(page)?.[1] ?? ''
for (const statement of views.replaceAll("'lake/", `'${lake}/`).split(';')) {
  if (statement.trim() !== '') await duck.run(statement)
}

await test('What is there', async (t) => {
  const rows = await ask('What is there')
  t.equal(rows.length, 5 + 3)
  const heap = rows.find(
    (row) => row['service_name'] === 'monitoring/prometheus' && row['profile_type'] === 'heap',
  )
  t.match(heap, { namespace: 'monitoring', series: '2', profiles: '30' })
})

await test('Top functions of the fleet', async (t) => {
  const [first, ...rows] = await ask('Top functions of the fleet')
  const all = await askTop('{namespace!="", profile_type="cpu"}', 'cpu')
  t.equal(first?.['leaf_function'], all.functions[0]?.name)
  t.equal(Number(first?.['cpu_seconds']), Number(all.functions[0]?.flat) / 1e9)
  t.equal(rows.length, 19)
  const [json] = await ask('Top functions of the fleet', 1)
  t.equal(Number(json?.['cpu_seconds']), Number(all.sum) / 1e9)
  t.ok(Number(json?.['in_json'] ?? 0) < Number(json?.['cpu_seconds']))
  const calls = await ask('Top functions of the fleet', 2)
  for (const { function: name, cpu_seconds: seconds } of calls) {
    const same = all.functions.find((each) => each.name === name)
    t.equal(Number(seconds), Number(same?.cum) / 1e9, String(name))
  }
})

await test('Cost by team', async (t) => {
  const rows = await ask('Cost by team')
  t.strictSame(rows.map(({ team }) => team).sort(), ['metrics', 'platform'])
  const platform = rows.find(({ team }) => team === 'platform')
  const cpu = await askTop('{workload="etcd", profile_type="cpu"}', 'cpu')
  t.equal(platform?.['cores'], (Number(cpu.sum) / 1e9 / cpu.coveredSeconds).toFixed(3).replace(/0+$/, ''))
  const heap = await askTop('{workload="etcd", profile_type="heap"}', 'inuse_space')
  t.equal(Number(platform?.['heap_mib']), Math.round((Number(heap.sum) / heap.profiles / 2 ** 20) * 10) / 10)
})

await test('Regressions between versions', async (t) => {
  const rows = await ask('Regressions between versions')
  t.equal(rows.length, 20)
  const changes = rows.map(({ change }) => Number(change))
  t.ok(changes[0]! > 0)
  t.strictSame(
    changes,
    changes.toSorted((a, b) => b - a),
  )
  for (const [version, column] of [
    ['v3.7.2', 'before_percent'],
    ['v3.7.3', 'after_percent'],
  ] as const) {
    const top = await askTop(`{workload="prometheus", profile_type="cpu", version="${version}"}`, 'cpu')
    const cum = top.functions.find(({ name }) => name === rows[0]?.['function'])?.cum ?? '0'
    t.equal(Number(rows[0]?.[column]), Math.round((10_000 * Number(cum)) / Number(top.sum)) / 100, version)
  }
})

await test('Who allocates', async (t) => {
  const rows = await ask('Who allocates')
  const parameters = { ...range, format: 'top', type: 'alloc_space', agg: 'delta' }
  const { data } = await askApi<TopAnswer>(query.url, 'profile', {
    ...parameters,
    query: '{namespace!="", profile_type="heap"}',
  })
  t.equal(rows[0]?.['leaf_function'], data.functions[0]?.name)
  t.ok(Number(rows[0]?.['allocated_mib']) > 0)
})

await test('Over time', async (t) => {
  const rows = await ask('Over time')
  t.strictSame(
    rows.map(({ service_name }) => service_name),
    ['kube-system/etcd', 'monitoring/prometheus'],
  )
  t.ok(rows.every(({ cores }) => Number(cores) > 0))
})

t.test('every query of the page was run', async (t) => {
  const headings = [...page.matchAll(/^## (.*)$/gm)].map((match) => match[1]!)
  const asking = headings.filter((heading) => queriesOf(heading).length > 0)
  t.strictSame(asking.sort(), [...tested].sort())
})
