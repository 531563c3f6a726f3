import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { LabelSet, ProfilesAnswer, SeriesAnswer, TopAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { importFleet } from '../support/corpus-fleet.ts'
import { type Duck, openDuck } from '../support/duckdb.ts'

const storage = t.testdir({})
await importFleet(storage)
const whole = { start: '2026-11-22T20:00:00Z', end: '2026-11-22T23:59:59Z' }
const query = await startConprof([`--storage.path=${storage}`], 'query')
t.teardown(() => query.stop())
const { data: allSeries } = await askApi<SeriesAnswer>(query.url, 'series', { 'match[]': '{}', ...whole })

async function exportTo(
  name: string,
  ...flags: string[]
): Promise<{ readonly folder: string; readonly duck: Duck }> {
  const folder = join(storage, name)
  const range = ['--start', whole.start, '--end', whole.end]
  const given = [
    'export',
    `--storage.path=${storage}`,
    '--format=parquet',
    '--output',
    folder,
    ...range,
    ...flags,
  ]
  const { code, stderr } = await runConprof(given)
  if (code !== 0 || stderr !== '') throw new Error(`export: ${code} ${stderr}`)
  const duck = await openDuck()
  t.teardown(() => duck.close())
  for (const table of ['samples', 'stacks', 'series']) {
    await duck.run(
      `CREATE VIEW ${table} AS SELECT * FROM read_parquet('${folder}/${table}/**/*.parquet', hive_partitioning = true)`,
    )
  }
  return { folder, duck }
}

function selectorOf(labels: LabelSet): string {
  return `{${Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)}}`
}

/** The API's sums of a series, as `type unit`: sum, and how many profiles. */
async function sumsOf(
  labels: LabelSet,
  agg: string,
): Promise<{ sums: Map<string, string>; profiles: number }> {
  const asked = { query: selectorOf(labels), ...whole, format: 'top', agg }
  const sums = new Map<string, string>()
  const { data: first } = await askApi<TopAnswer>(query.url, 'profile', asked)
  for (const { type, unit } of first.sampleTypes) {
    const { data } = await askApi<TopAnswer>(query.url, 'profile', { ...asked, type })
    sums.set(`${type} ${unit}`, data.sum)
  }
  return { sums, profiles: first.profiles }
}

const profiles = await exportTo('profiles')
const steps = await exportTo('steps', '--aggregate=1m')

t.test('DuckDB adds up every sample type of every series as the API does', async (t) => {
  t.equal(allSeries.length, 5 + 3 * 2 + 1)
  for (const labels of allSeries) {
    const { sums, profiles: count } = await sumsOf(labels, 'sum')
    for (const [name, { duck }] of Object.entries({ profiles, steps })) {
      const where = Object.entries(labels)
        .map(([label, value]) => `labels['${label}'] = '${value}'`)
        .join(' AND ')
      const [series, ...others] = await duck.ask(
        `SELECT series_id, profiles FROM series WHERE ${where} AND cardinality(labels) = ${Object.keys(labels).length}`,
      )
      t.strictSame(others, [])
      t.equal(series?.['profiles'], String(count), `${name} ${selectorOf(labels)}`)
      const rows = await duck.ask(
        `SELECT sample_type || ' ' || unit AS type, sum(value) AS sum FROM samples WHERE series_id = '${series?.['series_id']}' GROUP BY ALL`,
      )
      const found = new Map(rows.map(({ type, sum }) => [type!, sum!]))
      for (const [type, sum] of sums)
        t.equal(found.get(type) ?? '0', sum, `${name} ${type} ${selectorOf(labels)}`)
    }
  }
})

t.test('a row is one profile, sample type and stack', async (t) => {
  const { duck } = profiles
  t.strictSame(
    await duck.ask(
      'SELECT count(*) AS n FROM samples GROUP BY time, series_id, sample_type, stack_id HAVING count(*) > 1',
    ),
    [],
  )
  t.strictSame(await duck.ask('SELECT DISTINCT profiles FROM samples'), [{ profiles: '1' }])
  for (const labels of allSeries) {
    const asked = { query: selectorOf(labels), ...whole, limit: '1000' }
    const { data } = await askApi<ProfilesAnswer>(query.url, 'profiles', asked)
    // One without a sample, such as of an idle mutex, has no rows.
    const count = data.profiles.filter(({ totals }) => totals.some(({ value }) => value !== '0')).length
    const where = Object.entries(labels).map(([name, value]) => `labels['${name}'] = '${value}'`)
    const [row] = await duck.ask(
      `SELECT count(DISTINCT time) AS n FROM samples JOIN series USING (date, namespace, series_id) WHERE ${where.join(' AND ')}`,
    )
    t.equal(row?.['n'], String(count), selectorOf(labels))
  }
})

t.test('every stack is there once in its partition, and has the frames of the API', async (t) => {
  const { duck } = profiles
  t.strictSame(
    await duck.ask('SELECT stack_id FROM stacks GROUP BY date, namespace, stack_id HAVING count(*) > 1'),
    [],
  )
  t.strictSame(
    await duck.ask('SELECT stack_id FROM samples ANTI JOIN stacks USING (date, namespace, stack_id)'),
    [],
  )
  // One of a kind that frames say in one way only.
  t.strictSame(
    await duck.ask(
      'SELECT functions, files, lines FROM stacks GROUP BY ALL HAVING count(DISTINCT stack_id) > 1',
    ),
    [],
  )
  for (const [match, type] of [
    ['{workload="etcd", profile_type="heap"}', 'inuse_space'],
    ['{workload="prometheus", profile_type="cpu", pod="prometheus-b"}', 'cpu'],
    ['{workload="etcd", profile_type="mutex"}', 'delay'],
  ] as const) {
    const asked = new URLSearchParams({ query: match, ...whole, format: 'collapsed', type, agg: 'sum' })
    const folded = await (await fetch(`${query.url}/api/v1/profile?${asked}`)).text()
    const where = match
      .slice(1, -1)
      .split(', ')
      .map((part) => part.replaceAll('"', "'"))
      .join(' AND ')
    const rows = await duck.ask(
      `SELECT array_to_string(list_transform(list_reverse(functions), lambda f: replace(f, ';', ':')), ';') || ' ' || sum(value) AS line
       FROM samples JOIN stacks USING (date, namespace, stack_id)
       WHERE ${where} AND sample_type = '${type}' GROUP BY functions`,
    )
    const lines = rows.map(({ line }) => line!).filter((line) => !line.endsWith(' 0'))
    t.strictSame(lines.sort(), folded.trimEnd().split('\n').sort(), `${match} ${type}`)
    t.ok(lines.length > 0)
  }
  const [leaf] = await duck.ask(
    'SELECT count(*) AS n FROM stacks WHERE depth <> len(functions) OR leaf_function <> functions[1] OR root_function <> functions[-1]',
  )
  t.strictSame(leaf, { n: '0' })
})

t.test('steps tell how counters grew, and lose nothing between them', async (t) => {
  const counters = ['alloc_space', 'alloc_objects', 'contentions', 'delay']
  let compared = 0
  for (const labels of allSeries) {
    const { sums } = await sumsOf(labels, 'delta')
    for (const [type, delta] of sums) {
      if (!counters.includes(type.split(' ')[0]!)) continue
      const [row] = await steps.duck.ask(
        `SELECT coalesce(sum(delta), 0) AS delta FROM samples
         WHERE service_name = '${labels['service_name']}' AND profile_type = '${labels['profile_type']}'
           AND coalesce(pod, '') = '${labels['pod'] ?? ''}' AND sample_type || ' ' || unit = '${type}'`,
      )
      t.equal(row?.['delta'], delta, `${type} ${selectorOf(labels)}`)
      compared++
    }
  }
  t.ok(compared >= 12)
  t.strictSame(
    await steps.duck.ask("SELECT DISTINCT kind FROM samples WHERE (delta IS NULL) = (kind = 'counter')"),
    [],
  )
})

t.test('numbers are exact beyond 53 bits', async (t) => {
  const rows = await profiles.duck.ask(
    `SELECT value, functions, namespace FROM samples JOIN stacks USING (date, namespace, stack_id)
     WHERE service_name = 'batch' ORDER BY value`,
  )
  t.strictSame(
    rows.map(({ value }) => value),
    ['-5', '-5', '-5', '7', '7', '7', ...[1n, 2n, 3n].map((second) => String(2n ** 60n + second))],
  )
  t.ok(rows.every(({ namespace }) => namespace === '_'))
  t.equal(rows[3]?.['functions'], '[<unknown>]')
  const [sum] = await profiles.duck.ask(
    "SELECT sum(value) AS sum FROM samples WHERE service_name = 'batch' AND value > 7",
  )
  t.equal(sum?.['sum'], String(3n * 2n ** 60n + 6n))
})

t.test('conprof export does not mix with what is there', async (t) => {
  const again = ['export', `--storage.path=${storage}`, '--format=parquet', `--output=${profiles.folder}`]
  const range = ['--start', whole.start, '--end', whole.end, '--match', '{job="batch"}']
  const refused = await runConprof([...again, ...range])
  t.equal(refused.code, 1)
  t.match(
    refused.stderr,
    /^conprof: export to ".*samples\/date=2026-11-22": it is there already, want another folder or --overwrite\n$/,
  )
  const other = join(storage, 'other')
  mkdirSync(other)
  const once = ['--format=parquet', `--output=${other}`, `--storage.path=${storage}`]
  t.equal((await runConprof(['export', ...once, '--start', whole.start, '--end', whole.end])).code, 0)
  const replaced = await runConprof(['export', ...once, ...range, '--overwrite'])
  t.match(replaced.stdout, /^3 profiles of 1 series as 9 samples and 3 stacks, 3 files, /)
  t.strictSame(readdirSync(join(other, 'samples', 'date=2026-11-22')), ['namespace=_'])
  const wrong = await runConprof(['export', ...once, '--aggregate', '7h'])
  t.match(wrong.stderr, /step "7h": want a part of a day from 1s, such as 5m, 1h or 1d/)
})
