import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type Labels, labelsKey, sortLabels } from '../profile/labels.ts'
import { drawProfile } from '../test/support/drawn-profile.ts'
import { fileSource } from '../test/support/file-source.ts'
import type { Attempt } from './attempt.ts'
import type { BlockVersion } from './block-format.ts'
import type { BlockReader } from './block-reader.ts'
import { type CompactOptions, compactBlocks, type Policy } from './compact-blocks.ts'
import { createBlockBuilder } from './create-block-builder.ts'
import { memorySource } from './memory-source.ts'
import { openBlock } from './open-block.ts'
import { isWhole } from './partition.ts'
import { readBodies } from './read-bodies.ts'
import { rowFlags } from './rows.ts'
import type { GroupPlace } from './tail.ts'
import { verifyBlock } from './verify-block.ts'
import { verifyCompaction } from './verify-compaction.ts'

const corpus = new URL('../test/testdata/corpus/', import.meta.url)

t.test('blocks of the corpus become one, byte for byte', async (t) => {
  const attempts = corpusAttempts()
  const sources = await buildSources(attempts, 5, 1)
  for (const version of [1, 2] as const) {
    const outputs = await compact(t, sources, { version })
    t.equal(outputs.length, 1)
    t.match(outputs[0]!.meta, { version, level: 2, attemptCount: attempts.length })
    await holds(t, outputs, attempts)
    t.same(outputs[0]!.meta.covered, [{ writer: 'w0', intervals: [{ first: 0, last: attempts.length - 1 }] }])
    const bytes = sources.reduce((sum, { meta }) => sum + meta.sizeBytes, 0)
    t.ok(outputs[0]!.meta.sizeBytes < bytes, `${outputs[0]!.meta.sizeBytes} bytes, the sources are ${bytes}`)
  }
})

t.test('the same sources make the same bytes, in whatever order they come', async (t) => {
  const sources = await buildSources(corpusAttempts(), 4)
  const [one] = await compact(t, sources)
  const [two] = await compact(t, sources.toReversed())
  t.equal(one!.key, two!.key)
  t.same(readFileSync(one!.path), readFileSync(two!.path))
})

t.test('an output is split by services, then by series', async (t) => {
  const attempts = corpusAttempts()
  const sources = await buildSources(attempts, 3)
  const outputs = await compact(t, sources, { version: 2, maxBlockBytes: 5000 })
  t.ok(outputs.length > 3, `${outputs.length} parts`)
  t.equal(new Set(outputs.map(({ key }) => key)).size, outputs.length)
  t.notOk(outputs.some(({ meta }) => isWhole(meta.partition)))
  await holds(t, outputs, attempts)
  const again = await compact(t, await Promise.all(outputs.map(open)), { level: 3, version: 2 })
  t.equal(again.length, 1, 'parts become one again')
  await holds(t, again, attempts)
  const late = await build([{ attempt: attempts[0]!, origin: { writer: 'late', seq: 1 } }])
  const withLate = await compact(t, [await open(outputs[0]!), late], { level: 3, version: 2 })
  const all = withLate.flatMap(({ meta }) => meta.covered.filter(({ writer }) => writer === 'late'))
  t.equal(all.length, 2, 'what is covered without a row is covered still')
  const some = await compact(t, [await open(outputs[0]!), await open(outputs[2]!)], { level: 3, version: 2 })
  t.equal(some.length, 2, 'what lies between them is not theirs to cover')
})

t.test('what a higher source covers is not taken from a lower one', async (t) => {
  const attempts = corpusAttempts()
  const sources = await buildSources(attempts, 3)
  const [higher] = await compact(t, sources.slice(0, 2))
  const outputs = await compact(t, [...sources, await open(higher!)], { level: 3 })
  await holds(t, outputs, attempts)
})

t.test('attempts of two writers at the same times interleave', async (t) => {
  const attempts = corpusAttempts()
  const half = (writer: string, odd: number) =>
    build(attempts.flatMap((attempt, seq) => (seq % 2 === odd ? [{ attempt, origin: { writer, seq } }] : [])))
  const outputs = await compact(t, [await half('b', 1), await half('a', 0)])
  await holds(t, outputs, attempts)
})

t.test('what is no pprof, and what is not exact, is kept beside', async (t) => {
  const labels = { job: 'odd', profile_type: 'heap', service_name: 'odd' }
  const bodies = [
    drawProfile({ types: ['inuse_space/bytes'], stacks: { 'main;a': [1] }, timeNanos: 5n }),
    Buffer.from('<html>not found</html>'),
    // A field that pprof does not have.
    Buffer.concat([
      drawProfile({ types: ['inuse_space/bytes'], stacks: { 'main;a': [2] }, timeNanos: 6n }),
      Buffer.from([0xf8, 0x3f, 1]),
    ]),
    drawProfile({ types: ['inuse_space/bytes'], stacks: { 'main;b': [3] }, timeNanos: 7n }),
  ]
  const attempts = bodies.map(
    (body, i): Attempt => ({
      labels,
      timeMs: day + i * 1000,
      durationMs: 1,
      health: i === 1 ? 'not-pprof' : 'ok',
      httpStatus: 200,
      body,
    }),
  )
  attempts.push({ labels, timeMs: day + 9000, durationMs: 3, health: 'timeout', httpStatus: 0 })
  const outputs = await compact(t, await buildSources(attempts, 3))
  await holds(t, outputs, attempts)
})

t.test('a restart between two blocks is a reset within one', async (t) => {
  const labels = { job: 'a', profile_type: 'heap', service_name: 'a' }
  const attempts = [10, 20, 5, 6, 7].map(
    (value, i): Attempt => ({
      labels,
      timeMs: day + i * 1000,
      durationMs: 1,
      health: 'ok',
      httpStatus: 200,
      body: drawProfile({ types: ['alloc_space/bytes'], stacks: { 'main;a': [value] }, timeNanos: 5n }),
    }),
  )
  const two = [attempts.slice(0, 2), attempts.slice(2)].map((some, b) =>
    build(some.map((attempt, i) => ({ attempt, origin: { writer: 'w', seq: b * 2 + i } }))),
  )
  const [output] = await compact(t, await Promise.all(two))
  const reader = await open(output!)
  const [rows] = await reader.rows(reader.select([]))
  t.same(
    [...rows!.flags].map((flags) => (flags & rowFlags.reset) !== 0),
    [false, false, true, false, false],
  )
})

t.test('a policy thins and drops', async (t) => {
  const attempts = corpusAttempts()
  const sources = await buildSources(attempts, 3)
  const isHeap = (labels: Labels) => labels['profile_type'] === 'heap'
  const policy: Policy = (labels) =>
    labels['job'] === 'etcd'
      ? () => 'drop'
      : isHeap(labels)
        ? (timeMs) => (timeMs % 20_000 < 10_000 ? 'thin' : 'keep')
        : undefined
  const outputs = await compact(t, sources, { policy, version: 2 })
  const [plain] = await compact(t, sources, { version: 2 })
  t.not(outputs[0]!.key, plain!.key, 'another content has another name')
  t.same(outputs[0]!.meta.covered, plain!.meta.covered, 'what was dropped stays covered')
  const reader = await open(outputs[0]!)
  t.notOk(reader.labelValues('job').includes('etcd'))
  let thinned = 0
  for (const series of reader.select([])) {
    const [rows] = await reader.rows([series])
    for (let row = 0; row < rows!.length; row++) {
      if ((rows!.flags[row]! & rowFlags.thinned) === 0) continue
      thinned++
      t.equal(rows!.flags[row]! & (rowFlags.body | rowFlags.columns), rowFlags.columns, 'totals stay')
    }
  }
  t.ok(thinned > 5, `${thinned} rows`)
  await holds(
    t,
    outputs,
    attempts.filter(
      ({ labels, timeMs }) => labels['job'] !== 'etcd' && !(isHeap(labels) && timeMs % 20_000 < 10_000),
    ),
  )
  t.same(await compact(t, sources, { policy: () => () => 'drop' }), [])
})

t.test('a level that does not rise is refused', async (t) => {
  const sources = await buildSources(corpusAttempts().slice(0, 4), 2)
  await t.rejects(compactBlocks({ sources, level: 1, directory: newDirectory(t) }), {
    message: "compact blocks to level 1: want more than 1, a source's",
  })
})

t.test('a damaged source is named, and no file is left', async (t) => {
  const sources = await buildSources(corpusAttempts(), 2)
  const bytes = Buffer.from(await sources[1]!.source.read(0, sources[1]!.source.sizeBytes))
  const [{ body }] = sources[1]!.entry(sources[1]!.select([])[0]!).groups as [GroupPlace]
  bytes.fill(0, body.offset, body.offset + body.length)
  const damaged = await openBlock(memorySource('damaged', bytes))
  const directory = newDirectory(t)
  await t.rejects(compactBlocks({ sources: [sources[0]!, damaged], level: 2, directory }), {
    code: 'BLOCK_CORRUPT',
    message: /block damaged/,
  })
  t.same(readdirSync(directory), [])
})

t.test('verifyCompaction() sees what is wrong', async (t) => {
  const attempts = corpusAttempts()
  const sources = await buildSources(attempts, 3)
  const outputs = await compact(t, sources)
  const fewer = await compact(t, sources.slice(0, 2))
  t.match(await verifyCompaction(sources, fewer), [/do not cover/])
  const other = attempts.map((attempt, i) =>
    i === attempts.length - 1 ? { ...attempt, body: attempts[0]!.body! } : attempt,
  )
  const problems = await verifyCompaction(await buildSources(other, 3), outputs)
  t.ok(problems.length > 0, problems[0] ?? '')
  const digests = new Map(
    [...outputs[0]!.digests].map(([key, [first, ...rest]]) => [key, [first! ^ 1, ...rest]]),
  )
  const wrong = await verifyCompaction(sources, [{ ...outputs[0]!, digests }])
  t.equal(wrong.length, digests.size)
  t.match(wrong, [/another profile than in /])
  const thinned = await compact(t, sources, { policy: () => () => 'thin', version: 2 })
  t.ok((await verifyCompaction(sources, thinned)).length > 0)
})

const day = Date.UTC(2026, 10, 22)

function corpusAttempts(): Attempt[] {
  const attempts = readdirSync(corpus).flatMap((program) =>
    readdirSync(new URL(`${program}/`, corpus)).flatMap((type) =>
      readdirSync(new URL(`${program}/${type}/`, corpus)).map(
        (file, i): Attempt => ({
          labels: sortLabels([
            ['job', program],
            ['pod', `${program}-${i % 2}`],
            ['profile_type', type],
            ['service_name', program],
          ]),
          timeMs: Number(file.split('.')[0]),
          durationMs: 5 + i,
          health: 'ok',
          httpStatus: 200,
          body: readFileSync(new URL(`${program}/${type}/${file}`, corpus)),
          process: {
            containerId: `c-${i % 2}`,
            restartCount: 0,
            startTimeMs: 17,
            image: program,
            memoryLimitBytes: 1 << 30,
            cpuLimitMillicores: 0,
          },
        }),
      ),
    ),
  )
  return attempts.sort((a, b) => a.timeMs - b.timeMs)
}

function build(
  all: readonly { readonly attempt: Attempt; readonly origin: { writer: string; seq: number } }[],
  version: BlockVersion = 2,
): Promise<BlockReader> {
  const builder = createBlockBuilder()
  for (const { attempt, origin } of all) builder.append(attempt, origin)
  const block = builder.encode({ version })!
  return openBlock(memorySource(block.key, block.bytes))
}

function buildSources(
  attempts: readonly Attempt[],
  count: number,
  version?: BlockVersion,
): Promise<BlockReader[]> {
  const size = Math.ceil(attempts.length / count)
  return Promise.all(
    Array.from({ length: count }, (_, b) =>
      build(
        attempts
          .slice(b * size, (b + 1) * size)
          .map((attempt, i) => ({ attempt, origin: { writer: 'w0', seq: b * size + i } })),
        version,
      ),
    ),
  )
}

async function compact(t: Test, sources: readonly BlockReader[], options: Partial<CompactOptions> = {}) {
  const directory = newDirectory(t)
  const outputs = await compactBlocks({ sources, level: 2, directory, ...options })
  t.same(await verifyCompaction(sources, outputs, options), [], 'verifies')
  for (const { path, meta } of outputs) {
    const { problems, attempts } = await verifyBlock(fileSource(path))
    t.same(problems, [], 'is as it says')
    t.equal(attempts, meta.attemptCount)
  }
  t.equal(readdirSync(directory).length, outputs.length, 'no other file is left')
  return outputs
}

async function open({ path }: { readonly path: string }): Promise<BlockReader> {
  return openBlock(fileSource(path))
}

/** One of many; tap's own would be emptied by the next. */
function newDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'conprof-compact-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  return directory
}

/** Every body of the attempts, and no other. */
async function holds(
  t: Test,
  outputs: readonly { readonly path: string }[],
  attempts: readonly Attempt[],
): Promise<void> {
  const want = new Map<string, Uint8Array>()
  for (const { labels, timeMs, body } of attempts)
    if (body !== undefined) want.set(`${labelsKey(labels)} ${timeMs}`, isGzip(body) ? gunzipSync(body) : body)
  let wrong = 0
  let found = 0
  for (const output of outputs) {
    const reader = await open(output)
    for (const series of reader.select([])) {
      const [rows] = await reader.rows([series])
      for await (const { row, bytes } of readBodies(reader, series, rows!)) {
        found++
        const body = want.get(`${labelsKey(reader.labels(series))} ${rows!.timeMs[row]}`)
        if (body === undefined || Buffer.compare(body, bytes) !== 0) wrong++
      }
    }
  }
  t.equal(wrong, 0)
  t.equal(found, want.size, `${want.size} bodies`)
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
