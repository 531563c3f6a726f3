import { setImmediate } from 'node:timers/promises'
import { Profile } from 'pprof-format'
import t from 'tap'
import type { Attempt, ProcessIdentity } from '../block/attempt.ts'
import type { ByteSource } from '../block/block-reader.ts'
import { createBlockBuilder, unknownProcess } from '../block/create-block-builder.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import { encodeMergedProfile } from '../profile/encode-merged.ts'
import { sortLabels } from '../profile/labels.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import { profileFromPprof } from '../profile/profile-from-pprof.ts'
import { type DrawnProfile, drawProfile } from '../test/support/drawn-profile.ts'
import type { MergePart } from './merge-part.ts'
import { type Aggregation, mergeProfiles } from './merge-profiles.ts'

interface Scrape {
  readonly at: number
  readonly pod?: string
  readonly process?: Partial<ProcessIdentity>
  readonly profile: DrawnProfile
}

const start = 1_700_000_000_000

/** Scrapes of several blocks, as one selection over all of them. */
async function partsOf(
  blocks: readonly (readonly Scrape[])[],
  type: string,
  wrap = (source: ByteSource) => source,
): Promise<MergePart[]> {
  const parts: MergePart[] = []
  let seq = 0
  for (const scrapes of blocks) {
    const builder = createBlockBuilder()
    for (const { at, pod = 'a', process, profile } of scrapes) {
      const attempt: Attempt = {
        labels: sortLabels([
          ['pod', pod],
          ['profile_type', type],
          ['service_name', 's'],
        ]),
        timeMs: start + at * 1000,
        durationMs: 3,
        health: 'ok',
        httpStatus: 200,
        body: drawProfile(profile),
        ...(process === undefined ? {} : { process: { ...unknownProcess, ...process } }),
      }
      builder.append(attempt, { writer: 'w', seq: seq++ })
    }
    const block = builder.encode()!
    const reader = await openBlock(wrap(memorySource(`${block.key}-${parts.length}`, block.bytes)))
    const refs = reader.select([])
    const rows = await reader.rows(refs)
    refs.forEach((series, i) => {
      parts.push({ reader, series, rows: rows[i]!, firstRow: 0, lastRow: rows[i]!.length - 1 })
    })
  }
  return parts
}

async function merge(blocks: readonly (readonly Scrape[])[], type: string, agg?: Aggregation) {
  const parts = await partsOf(blocks, type)
  return mergeProfiles(parts, {
    startMs: start,
    endMs: start + 1_000_000,
    ...(agg === undefined ? {} : { agg }),
  })
}

/** `root;…;leaf` to the values of each type. */
function drawn(merged: MergedProfile): Record<string, string[]> {
  const { symbols, values } = merged
  const stacks: Record<string, string[]> = {}
  for (let key = 0; key < symbols.keyCount; key++) {
    if (values.every((column) => column.isZero(key))) continue
    const names: string[] = []
    for (let node = symbols.keyNode[key]!; node !== 0; node = symbols.nodeParent[node]!) {
      const line = symbols.locationLines[symbols.nodeLocation[node]!]!
      names.unshift(symbols.string(symbols.functionName[symbols.lineFunction[line]!]!))
    }
    stacks[names.join(';')] = values.map((column) => column.format(key))
  }
  return stacks
}

const heap = (stacks: Record<string, number>): DrawnProfile => ({
  types: ['inuse_space/bytes'],
  stacks: Object.fromEntries(Object.entries(stacks).map(([stack, value]) => [stack, [value]])),
})
const allocs = (stacks: Record<string, number | bigint>): DrawnProfile => ({
  types: ['alloc_space/bytes'],
  stacks: Object.fromEntries(Object.entries(stacks).map(([stack, value]) => [stack, [value]])),
})
const cpu = (stacks: Record<string, number>, seconds = 10): DrawnProfile => ({
  types: ['samples/count', 'cpu/nanoseconds'],
  stacks: Object.fromEntries(Object.entries(stacks).map(([stack, n]) => [stack, [n, n * 10_000_000]])),
  durationNanos: seconds * 1e9,
})

t.test('gauges are averaged over a series, then summed over series', async (t) => {
  const merged = await merge(
    [
      [
        { at: 0, pod: 'a', profile: heap({ 'main;cache': 100, 'main;once': 30 }) },
        { at: 10, pod: 'a', profile: heap({ 'main;cache': 200 }) },
        { at: 20, pod: 'a', profile: heap({ 'main;cache': 300 }) },
        { at: 0, pod: 'b', profile: heap({ 'main;cache': 7 }) },
      ],
    ],
    'heap',
  )
  t.same(drawn(merged), { 'main;cache': ['207'], 'main;once': ['10'] })
  t.match(merged.coverage, { profiles: 4, series: 2, coveredSeconds: 20, rangeSeconds: 1000 })
})

t.test('gauges of one pod in two blocks are one series', async (t) => {
  const blocks = [
    [{ at: 0, profile: heap({ 'main;cache': 100 }) }],
    [
      { at: 10, profile: heap({ 'main;new': 50, 'main;cache': 200 }) },
      { at: 20, profile: heap({ 'main;cache': 300 }) },
    ],
  ]
  t.same(drawn(await merge(blocks, 'heap')), { 'main;cache': ['200'], 'main;new': ['17'] })
  t.same(drawn(await merge(blocks, 'heap', 'sum')), { 'main;cache': ['600'], 'main;new': ['50'] })
  t.same(drawn(await merge(blocks, 'heap', 'last')), { 'main;cache': ['300'] })
  t.same(drawn(await merge(blocks, 'heap', 'max')), { 'main;cache': ['300'] })
})

t.test('counters are differenced per process life', async (t) => {
  const scrapes: Scrape[] = [
    { at: 0, profile: allocs({ 'main;a': 1000, 'main;b': 10 }) },
    { at: 10, profile: allocs({ 'main;a': 1500, 'main;b': 10 }) },
    // a fell: another process, which has allocated 200 + 7 since it started.
    { at: 20, profile: allocs({ 'main;a': 120, 'main;b': 12 }) },
    { at: 30, profile: allocs({ 'main;a': 200, 'main;c': 7, 'main;b': 12 }) },
  ]
  const truth = { 'main;a': ['700'], 'main;b': ['12'], 'main;c': ['7'] }
  t.same(drawn(await merge([scrapes], 'heap')), truth, 'in one block')
  t.same(drawn(await merge([scrapes.slice(0, 1), scrapes.slice(1)], 'heap')), truth, 'cut inside a life')
  t.same(drawn(await merge([scrapes.slice(0, 2), scrapes.slice(2)], 'heap')), truth, 'cut at the restart')
})

t.test('a stack whose counter fell between two blocks is a restart, though the total rose', async (t) => {
  const blocks = [
    [{ at: 0, profile: allocs({ 'main;a': 100, 'main;b': 10 }) }],
    [{ at: 10, profile: allocs({ 'main;a': 20, 'main;b': 500 }) }],
  ]
  t.same(drawn(await merge(blocks, 'heap')), { 'main;a': ['20'], 'main;b': ['500'] })
})

t.test('a stack that a profile lists twice is no restart when the two change places', async (t) => {
  const twice = (first: number, second: number) => {
    const profile = Profile.decode(drawProfile(allocs({ 'main;a': first, 'main;b': second })))
    profile.sample[1]!.locationId = profile.sample[0]!.locationId
    return profile.encode()
  }
  const builder = createBlockBuilder()
  for (const [seq, body] of [twice(10, 500), twice(501, 12)].entries())
    builder.append(
      {
        labels: { profile_type: 'heap' },
        timeMs: start + seq,
        durationMs: 1,
        health: 'ok',
        httpStatus: 200,
        body,
      },
      { writer: 'w', seq },
    )
  const block = builder.encode()!
  const reader = await openBlock(memorySource(block.key, block.bytes))
  const [series] = reader.select([])
  const [rows] = await reader.rows([series!])
  const part = { reader, series: series!, rows: rows!, firstRow: 0, lastRow: 1 }
  t.same(drawn(await mergeProfiles([part], { startMs: start, endMs: start + 1 })), { 'main;a': ['3'] })
})

t.test('the process identity tells a restart that no counter shows', async (t) => {
  const process = { containerId: 'c1', restartCount: 0, startTimeMs: start - 50_000 }
  const again = { containerId: 'c1', restartCount: 1, startTimeMs: start + 15_000 }
  const merged = await merge(
    [
      [
        { at: 0, process, profile: allocs({ 'main;a': 100 }) },
        { at: 10, process, profile: allocs({ 'main;a': 110 }) },
        { at: 20, process: again, profile: allocs({ 'main;a': 400 }) },
      ],
    ],
    'heap',
  )
  t.same(drawn(merged), { 'main;a': ['410'] })
})

t.test('a process that started inside the range counts from zero', async (t) => {
  const process = { containerId: 'c2', restartCount: 0, startTimeMs: start + 5_000 }
  const merged = await merge([[{ at: 10, process, profile: allocs({ 'main;a': 64 }) }]], 'heap')
  t.same(drawn(merged), { 'main;a': ['64'] })
})

t.test('durations are summed, and what they cover with them', async (t) => {
  const scrapes: Scrape[] = []
  for (let i = 0; i < 150; i++)
    scrapes.push({ at: i * 60, profile: cpu({ 'main;spin': 900, [`main;f${i % 3}`]: 1 }) })
  const parts = await partsOf([scrapes], 'cpu')
  const all = await mergeProfiles(parts, { startMs: start, endMs: start + 9_000_000 })
  t.same(drawn(all)['main;spin'], ['135000', '1350000000000'])
  t.same(drawn(all)['main;f0'], ['50', '500000000'])
  t.match(all.coverage, { coveredSeconds: 1500, profiles: 150 })
  const some = await mergeProfiles(
    parts.map((part) => ({ ...part, firstRow: 10, lastRow: 140 })),
    { startMs: start, endMs: start + 9_000_000, type: 'cpu' },
  )
  t.same(drawn(some)['main;spin'], [String(131 * 9e9)], 'group sums in the middle, bodies at the edges')
})

t.test('wherever a range begins and ends, sums and bodies say the same', async (t) => {
  const scrapes: Scrape[] = []
  for (let i = 0; i < 150; i++)
    scrapes.push({ at: i * 60, profile: cpu({ 'main;spin': i + 1, [`main;f${i % 3}`]: 7 }) })
  const [part] = await partsOf([scrapes], 'cpu')
  for (const firstRow of [0, 1, 10, 40, 63, 64, 65, 130])
    for (const lastRow of [firstRow, 66, 100, 127, 128, 140, 149]) {
      if (lastRow < firstRow) continue
      const picked = { ...part!, firstRow, lastRow }
      const merged = await mergeProfiles([picked], { startMs: start, endMs: start + 9e6, type: 'samples' })
      const want = { spin: 0, f0: 0 }
      for (let i = firstRow; i <= lastRow; i++) {
        want.spin += i + 1
        if (i % 3 === 0) want.f0 += 7
      }
      const { 'main;spin': spin, 'main;f0': f0 = ['0'] } = drawn(merged)
      t.same([spin, f0], [[String(want.spin)], [String(want.f0)]], `rows ${firstRow} to ${lastRow}`)
    }
})

t.test('a merge that would read too much says what is missing', async (t) => {
  const scrapes = ['a', 'b', 'c'].map((pod, at) => ({ at, pod, profile: heap({ 'main;cache': 10 }) }))
  const parts = await partsOf([scrapes], 'heap')
  const range = { startMs: start, endMs: start + 1_000_000 }
  const none = await mergeProfiles(parts, { ...range, maxBytes: 1 })
  t.same(none.coverage.profiles, 0)
  t.match(none.warnings, [
    /^3 of 3 series are missing from this answer: .*--query\.max-bytes, 1 B: ask for less/,
  ])
  const counts = new Set<number>()
  for (let maxBytes = 10; maxBytes < 2000; maxBytes += 10) {
    const some = await mergeProfiles(parts, { ...range, agg: 'last', maxBytes })
    const { series } = some.coverage
    counts.add(series)
    t.equal(some.warnings.length, series === 3 ? 0 : 1)
    if (series === 2) t.match(some.warnings, [/^1 of 3 series are missing/])
  }
  t.same([...counts], [0, 1, 2, 3], 'bodies are read a series at a time')
  const all = await mergeProfiles(parts, { ...range, maxBytes: 1_000_000 })
  t.same([all.coverage.profiles, all.warnings], [3, []])
})

t.test('what a merge reads of many blocks and series comes side by side', async (t) => {
  let running = 0
  let most = 0
  const counting = (source: ByteSource): ByteSource => ({
    ...source,
    read: async (offset, length) => {
      most = Math.max(most, ++running)
      await setImmediate()
      running--
      return source.read(offset, length)
    },
  })
  const pods = Array.from({ length: 30 }, (_, i) => `pod-${String(i).padStart(2, '0')}`)
  const scrapes = [0, 1, 2].map((block) =>
    pods.map((pod) => ({ at: block, pod, profile: heap({ 'main;cache': block + 1 }) })),
  )
  const parts = await partsOf(scrapes, 'heap', counting)
  most = 0
  const merged = await mergeProfiles(parts, { startMs: start, endMs: start + 1e6, agg: 'last' })
  t.same(drawn(merged), { 'main;cache': ['90'] })
  t.ok(most > 10 && most <= 17, `${most} at once: bodies of as many series as are begun`)
})

t.test('sums beyond 2^53 are exact', async (t) => {
  const big = 2n ** 60n + 1n
  const blocks = [
    [
      { at: 0, profile: { types: ['cpu/nanoseconds'], stacks: { 'main;a': [big] } } },
      { at: 10, profile: { types: ['cpu/nanoseconds'], stacks: { 'main;a': [2n ** 53n - 1n] } } },
    ],
    [{ at: 20, profile: { types: ['cpu/nanoseconds'], stacks: { 'main;a': [3n] } } }],
  ]
  const merged = await merge(blocks, 'cpu')
  const sum = big + 2n ** 53n + 2n
  t.same(drawn(merged), { 'main;a': [String(sum)] })
  t.same(drawn(profileFromPprof(encodeMergedProfile(merged))), { 'main;a': [String(sum)] }, 'as pprof too')
})

t.test('a merge as pprof says the same as the merge', async (t) => {
  const merged = await merge(
    [[{ at: 0, profile: cpu({ 'main;a': 1, 'main;b;c': 2 }) }], [{ at: 9, profile: cpu({ 'main;b;c': 3 }) }]],
    'cpu',
  )
  const again = profileFromPprof(encodeMergedProfile(merged))
  t.same(drawn(again), drawn(merged))
  t.same(again.sampleTypes, merged.sampleTypes)
  t.equal(again.durationNanos, 20_000_000_000n)
})
