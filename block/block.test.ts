import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { sortLabels } from '../profile/labels.ts'
import { createMatcher } from '../profile/matcher.ts'
import { drawProfile } from '../test/support/drawn-profile.ts'
import type { BlockReader } from './block-reader.ts'
import { createBlockBuilder } from './create-block-builder.ts'
import { memorySource } from './memory-source.ts'
import { openBlock } from './open-block.ts'

const corpus = new URL('../test/testdata/corpus/', import.meta.url)

function series(): { program: string; type: string; files: string[] }[] {
  return readdirSync(corpus).flatMap((program) =>
    readdirSync(new URL(`${program}/`, corpus)).map((type) => ({
      program,
      type,
      files: readdirSync(new URL(`${program}/${type}/`, corpus)).sort(),
    })),
  )
}

t.test('a block gives every profile of the corpus back byte for byte', async (t) => {
  const builder = createBlockBuilder()
  let seq = 0
  let gzipBytes = 0
  for (const { program, type, files } of series())
    for (const file of files) {
      const body = readFileSync(new URL(`${program}/${type}/${file}`, corpus))
      gzipBytes += body.length
      const labels = sortLabels([
        ['job', program],
        ['service_name', program],
        ['profile_type', type],
      ])
      const timeMs = Number(file.split('.')[0])
      builder.append(
        { labels, timeMs, durationMs: 5, health: 'ok', httpStatus: 200, body },
        { writer: 'w', seq: seq++ },
      )
    }
  for (const [compression, version] of [
    ['dense', 1],
    ['dense', 2],
    ['fast', 2],
  ] as const) {
    const block = builder.encode({ compression, version })!
    const reader = await openBlock(memorySource(block.key, block.bytes))
    t.match(reader.meta, { attemptCount: seq, profileCount: seq, minTimeMs: builder.minTimeMs })
    t.same(reader.meta.covered, [{ writer: 'w', intervals: [{ first: 0, last: seq - 1 }] }])
    t.comment(`${compression}: ${(gzipBytes / block.bytes.length).toFixed(1)}`, reader.meta.sectionBytes)
    await checkBodies(t, reader)
  }
})

t.test('totals are the sums of all groups, in version 2', async (t) => {
  const builder = createBlockBuilder()
  const labels = { job: 'a', profile_type: 'heap', service_name: 'a' }
  const types = ['alloc_space/bytes', 'inuse_objects/count', 'inuse_space/bytes']
  for (let seq = 0; seq < 150; seq++)
    builder.append(
      {
        labels,
        timeMs: 1_700_000_000_000 + seq * 1000,
        durationMs: 1,
        health: 'ok',
        httpStatus: 200,
        body: drawProfile({
          types,
          stacks: {
            'main;load': [seq, 1, seq % 3 === 0 ? 2 ** 52 - 1 : 1],
            [`main;new${Math.floor(seq / 100)}`]: [1, 0, 5],
          },
          timeNanos: BigInt(seq),
        }),
      },
      { writer: 'w', seq },
    )
  for (const version of [1, 2] as const) {
    const block = builder.encode({ version })!
    const reader = await openBlock(memorySource(block.key, block.bytes))
    t.equal(reader.meta.version, version)
    const series = reader.select([])
    const [totals] = await reader.totals(series)
    if (version === 1) {
      t.equal(totals, undefined)
      continue
    }
    t.equal(totals!.sums[0], undefined, 'a counter has none')
    const want = new Map<number, bigint[]>()
    const groups = await reader.sums(series[0]!)
    t.equal(groups.length, 3)
    for (const { keys, sums } of groups)
      keys.forEach((key, i) => {
        const known = want.get(key) ?? [0n, 0n]
        want.set(key, [known[0]! + sums[1]!.getBig(i), known[1]! + sums[2]!.getBig(i)])
      })
    const got = [...totals!.keys].map((key, i) => [
      key,
      [totals!.sums[1]!.getBig(i), totals!.sums[2]!.getBig(i)],
    ])
    t.same(new Map(got as [number, bigint[]][]), want)
    t.equal(want.size, 3)
    t.ok(
      [...want.values()].some(([, space]) => space! > 2n ** 53n),
      'beyond what a double holds',
    )
  }
})

async function checkBodies(t: Test, reader: BlockReader) {
  let exact = 0
  let all = 0
  for (const { program, type, files } of series()) {
    const [ref] = reader.select([
      createMatcher('job', '=', program),
      createMatcher('profile_type', '=~', type),
    ])
    const [rows] = await reader.rows([ref!])
    t.equal(rows!.length, files.length)
    t.ok(
      rows!.flags.every((flags) => (flags & 7) === 3),
      `${program} ${type} has columns only`,
    )
    for (let i = 0; i < files.length; i++) {
      const raw = gunzipSync(readFileSync(new URL(`${program}/${type}/${files[i]}`, corpus)))
      if (Buffer.compare(raw, await reader.body(ref!, i)) === 0) exact++
      all++
    }
  }
  t.equal(exact, all)
}
