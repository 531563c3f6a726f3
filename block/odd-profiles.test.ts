import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { heap, time } from '@datadog/pprof'
import { Profile } from 'pprof-format'
import t from 'tap'
import { sortLabels } from '../profile/labels.ts'
import { drawProfile } from '../test/support/drawn-profile.ts'
import { createBlockBuilder } from './create-block-builder.ts'
import { memorySource } from './memory-source.ts'
import { openBlock } from './open-block.ts'
import { rowFlags } from './rows.ts'

const labels = sortLabels([['profile_type', 'odd']])
const columnsOnly = rowFlags.body | rowFlags.columns
const kept = columnsOnly | rowFlags.bytes
const bytesOnly = rowFlags.body | rowFlags.bytes

/** Through a block and back: flags and bytes of each. */
async function roundTrip(bodies: readonly Uint8Array[]) {
  const builder = createBlockBuilder()
  bodies.forEach((body, seq) => {
    builder.append(
      { labels, timeMs: 1_700_000_000_000 + seq * 1000, durationMs: 1, health: 'ok', httpStatus: 200, body },
      { writer: 'w', seq },
    )
  })
  const block = builder.encode()!
  const reader = await openBlock(memorySource(block.key, block.bytes))
  const [series] = reader.select([])
  const [rows] = await reader.rows([series!])
  const results: { flags: number; totals: string[]; bytes: Uint8Array }[] = []
  for (let row = 0; row < rows!.length; row++)
    results.push({
      flags: rows!.flags[row]! & ~rowFlags.reset,
      totals: rows!.totals.map((column) => String(column[row])),
      bytes: await reader.body(series!, row),
    })
  return results
}

const drawn = drawProfile({
  types: ['samples/count', 'cpu/nanoseconds'],
  stacks: { 'main;a;b': [1, 10], 'main;c': [2, 20], main: [0, 0] },
  timeNanos: 1_700_000_000_123_456_789n,
  durationNanos: 10_000_000_001n,
})

t.test('profiles of other encoders come back from columns alone', async (t) => {
  time.start({ durationMillis: 200, intervalMicros: 1000 })
  heap.start(32 * 1024, 64)
  for (let i = 0, text = ''; i < 2e5; i++) text = `${text.slice(-20)}${i}`
  const bodies: Record<string, Uint8Array> = {
    'pprof-format': drawn,
    'negative values': drawProfile({
      types: ['delay/nanoseconds'],
      stacks: { 'main;a': [-5], 'main;b': [7] },
    }),
    'beyond 2^53': drawProfile({
      types: ['x/bytes', 'y/bytes'],
      stacks: { 'main;a': [2n ** 62n, 3], b: [-(2n ** 63n), 1] },
    }),
    'a deep stack': drawProfile({
      types: ['x/count'],
      stacks: { [Array.from({ length: 3000 }, (_, i) => `f${i % 700}`).join(';')]: [1] },
    }),
    '@datadog/pprof wall': time.stop().encode(),
    '@datadog/pprof heap': heap.profile().encode(),
    'no samples': drawProfile({ types: ['x/count'], stacks: {} }),
  }
  heap.stop()
  const results = await roundTrip(Object.values(bodies))
  for (const [i, name] of Object.keys(bodies).entries()) {
    t.equal(Buffer.compare(results[i]!.bytes, bodies[name]!), 0, `${name}: bytes`)
    t.equal(results[i]!.flags, columnsOnly, `${name}: columns`)
  }
  t.ok(results[2]!.totals.includes(String(2n ** 62n - 2n ** 63n)), 'totals are exact')
})

t.test('what columns cannot hold keeps its bytes beside them, and its totals count', async (t) => {
  const unknownField = Buffer.concat([drawn, Buffer.from([0xa2, 0x06, 0x02, 0x68, 0x69])])
  const overlongVarint = Buffer.concat([drawn, Buffer.from([0x60, 0x81, 0x00])])
  const results = await roundTrip([drawn, unknownField, drawn, overlongVarint])
  t.same(
    results.map(({ flags }) => flags),
    [columnsOnly, kept, columnsOnly, kept],
  )
  t.same(results[1]!.bytes, unknownField)
  t.same(results[3]!.bytes, overlongVarint)
  t.same(results[1]!.totals, ['3', '30'])
})

t.test('what is no pprof is kept as it came', async (t) => {
  const html = Buffer.from('<!doctype html><title>404</title>')
  const gzip = gzipSync(drawn)
  const truncatedGzip = gzip.subarray(0, gzip.length - 9)
  const results = await roundTrip([
    html,
    drawn,
    truncatedGzip,
    drawn.subarray(0, drawn.length - 3),
    new Uint8Array(0),
  ])
  t.same(
    results.map(({ flags }) => flags),
    [bytesOnly, columnsOnly, bytesOnly, bytesOnly, bytesOnly],
  )
  t.same(results[0]!.bytes, html)
  t.same(results[2]!.bytes, truncatedGzip)
  t.same(results[1]!.bytes, drawn)
})

t.test('ids in any order, strings in any order, entries in any order', async (t) => {
  const profile = Profile.decode(gunzipSync(readFileSync(sample())))
  // Highest id first: what a tool that sorts the other way would write.
  profile.location.reverse()
  profile.function.reverse()
  const reversed = profile.encode()
  const shifted = Profile.decode(reversed)
  for (const location of shifted.location) location.id = Number(location.id) * 7 + 1000
  for (const each of shifted.sample) each.locationId = each.locationId.map((id) => Number(id) * 7 + 1000)
  const results = await roundTrip([reversed, shifted.encode(), reversed])
  t.same(
    results.map(({ flags }) => flags),
    [columnsOnly, columnsOnly, columnsOnly],
  )
  t.equal(Buffer.compare(results[0]!.bytes, reversed), 0)
  t.equal(Buffer.compare(results[1]!.bytes, shifted.encode()), 0)
  t.equal(Buffer.compare(results[2]!.bytes, reversed), 0)
})

function sample(): URL {
  const folder = new URL('../test/testdata/corpus/etcd/heap/', import.meta.url)
  return new URL(readdirSync(folder)[0]!, folder)
}
