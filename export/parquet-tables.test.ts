import { readFileSync } from 'node:fs'
import t from 'tap'
import { sortLabels } from '../profile/labels.ts'
import { openDuck } from '../test/support/duckdb.ts'
import type { Column, Value } from './parquet-file.ts'
import { ParquetFile } from './parquet-file.ts'
import { sampleColumns, seriesColumns, stackColumns } from './parquet-tables.ts'
import { partitionPath } from './partition-writer.ts'

const page = readFileSync(new URL('../docs/format/parquet.md', import.meta.url), 'utf8')

const typeNames: Readonly<Record<Column['type'], { readonly page: string; readonly duck: string }>> = {
  text: { page: 'text', duck: 'VARCHAR' },
  int32: { page: 'int32', duck: 'INTEGER' },
  int64: { page: 'int64', duck: 'BIGINT' },
  time: { page: 'timestamp', duck: 'TIMESTAMP WITH TIME ZONE' },
  texts: { page: 'texts', duck: 'VARCHAR[]' },
  int64s: { page: 'int64s', duck: 'BIGINT[]' },
  map: { page: 'map', duck: 'MAP(VARCHAR, VARCHAR)' },
}

const tables = { samples: sampleColumns, stacks: stackColumns, series: seriesColumns }

t.test('docs/format/parquet.md names the columns that are written', async (t) => {
  for (const [name, columns] of Object.entries(tables)) {
    const section = page.split(/^## /m).find((text) => text.startsWith(`${name}\n`)) ?? ''
    const rows = [...section.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
      ([, column, type]) => `${column} ${type}`,
    )
    t.strictSame(
      rows,
      columns.map((column) => `${column.name} ${typeNames[column.type].page}`),
      name,
    )
  }
})

t.test('ParquetFile writes types, nulls, lists and maps that DuckDB reads', async (t) => {
  const duck = await openDuck()
  t.teardown(() => duck.close())
  const folder = t.testdir({})
  const some: Readonly<Record<Column['type'], Value>> = {
    text: 'é;"x"',
    int32: -7,
    int64: -(2n ** 63n),
    time: 1_795_380_901_255,
    texts: ['a', '', 'é'],
    int64s: [0n, 2n ** 63n - 1n],
    map: sortLabels([
      ['job', 'x'],
      ['team', 'y'],
    ]),
  }
  const shown: Readonly<Record<Column['type'], string>> = {
    text: 'é;"x"',
    int32: '-7',
    int64: '-9223372036854775808',
    time: '2026-11-22 20:55:01.255+00',
    texts: "[a, '', é]",
    int64s: '[0, 9223372036854775807]',
    map: '{job=x, team=y}',
  }
  for (const [name, columns] of Object.entries(tables)) {
    const path = `${folder}/${name}.parquet`
    const file = await ParquetFile.create(path, {
      columns,
      rowGroupRows: 2,
      facts: { 'conprof.schema': '1' },
    })
    for (let row = 0; row < 5; row++) {
      file.push(columns.map(({ type, isOptional }) => (isOptional && row % 2 === 1 ? null : some[type])))
      if (file.isFull) await file.writeGroup()
    }
    await file.finish()
    const described = await duck.ask(`SELECT column_name, column_type FROM (DESCRIBE FROM '${path}')`)
    t.strictSame(
      described.map((row) => `${row['column_name']} ${row['column_type']}`),
      columns.map((column) => `${column.name} ${typeNames[column.type].duck}`),
    )
    const rows = await duck.ask(`FROM '${path}'`)
    t.equal(rows.length, 5)
    for (const { name: column, type, isOptional } of columns) {
      t.equal(rows[0]?.[column], shown[type], column)
      t.equal(rows[3]?.[column], isOptional ? null : shown[type], column)
    }
    const groups = await duck.ask(
      `SELECT DISTINCT row_group_id, row_group_num_rows AS n, compression FROM parquet_metadata('${path}') ORDER BY 1`,
    )
    t.strictSame(
      groups.map(({ n, compression }) => `${n} ${compression}`),
      ['2 ZSTD', '2 ZSTD', '1 ZSTD'],
    )
    const facts = await duck.ask(`SELECT decode(value) AS value FROM parquet_kv_metadata('${path}')`)
    t.strictSame(facts, [{ value: '1' }])
  }
})

t.test('partitionPath() gives folders that Hive reads', async (t) => {
  const cases: [namespace: string, folder: string][] = [
    ['shop', 'namespace=shop'],
    ['', 'namespace=_'],
    ['_', 'namespace=%5F'],
    ['a/b=c*', 'namespace=a%2Fb%3Dc%2A'],
  ]
  for (const [namespace, folder] of cases) {
    t.strictSame(partitionPath('2026-11-22', namespace), ['date=2026-11-22', folder])
  }
})
