import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { ByteSource } from '../../block/block-reader.ts'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { sortLabels } from '../../profile/labels.ts'
import { until } from '../../test/support/until.ts'
import { mergedView, type ViewRequest } from '../merged-view.ts'
import type { SeriesPart } from '../select.ts'
import { corpusFiles } from '../testdata/corpus-files.ts'
import type { ViewSides } from '../view-sides.ts'
import { MergeWorkers, type MergeWorkersOptions } from './merge-workers.ts'

const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER / 2 }

function sidesOf(parts: readonly SeriesPart[], agg?: 'last'): ViewSides {
  return { profile: { kind: 'stored', parts, range: agg === undefined ? range : { ...range, agg } } }
}

function workersOf(t: Test, options: Partial<MergeWorkersOptions> = {}): MergeWorkers {
  const workers = new MergeWorkers({ size: 1, registry: new Registry(), isSmall: () => false, ...options })
  t.teardown(() => workers.close())
  return workers
}

/** Profiles of a program as a block per half, for two pods. */
function blocksOf(program: string, type: string): { readonly name: string; readonly bytes: Uint8Array }[] {
  const files = corpusFiles(program, type)
  const half = Math.ceil(files.length / 2)
  return [files.slice(0, half), files.slice(half)].map((own, index) => {
    const builder = createBlockBuilder()
    let seq = index * 1000
    for (const { timeMs, body } of own)
      for (const pod of ['a', 'b']) {
        const labels = sortLabels([
          ['pod', pod],
          ['profile_type', type],
          ['service_name', program],
        ])
        const attempt = { labels, timeMs, durationMs: 1, health: 'ok' as const, httpStatus: 200, body }
        builder.append(attempt, { writer: 'w', seq: seq++ })
      }
    const { key, bytes } = builder.encode()!
    return { name: key, bytes }
  })
}

/** Everything in the blocks, without `cut` rows at both ends of each series. */
async function partsOf(sources: readonly ByteSource[], cut = 0): Promise<SeriesPart[]> {
  const parts: SeriesPart[] = []
  for (const source of sources) {
    const reader = await openBlock(source)
    const refs = reader.select([])
    for (const [i, rows] of (await reader.rows(refs)).entries())
      parts.push({ reader, series: refs[i]!, rows, firstRow: cut, lastRow: rows.length - 1 - cut })
  }
  return parts
}

function viewOf(parts: readonly SeriesPart[], format: ViewRequest['format'], type?: string): ViewRequest {
  const { sampleTypes, defaultSampleType } = parts[0]!.rows
  return { format, type: type ?? sampleTypes[defaultSampleType]!.type, sampleTypes }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** A source whose reads wait once `hang()` was called. */
class StallingSource implements ByteSource {
  readonly name: string
  readonly sizeBytes: number
  readonly #bytes: Uint8Array
  stalled = 0
  #isStalling = false

  constructor({ name, bytes }: { readonly name: string; readonly bytes: Uint8Array }) {
    this.name = name
    this.sizeBytes = bytes.length
    this.#bytes = bytes
  }

  stall(is: boolean): void {
    this.#isStalling = is
  }

  read(offset: number, length: number, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
    if (!this.#isStalling) return Promise.resolve(this.#bytes.subarray(offset, offset + length))
    this.stalled++
    return new Promise((_, reject) => {
      options?.signal?.addEventListener('abort', () => reject(options.signal!.reason))
    })
  }
}

for (const [program, type, types] of [
  ['etcd', 'cpu', ['cpu']],
  ['etcd', 'heap', ['inuse_space', 'alloc_space']],
  ['kube-apiserver', 'goroutine', ['goroutine']],
] as const) {
  t.test(`a worker answers what this thread does, byte for byte: ${program} ${type}`, async (t) => {
    const workers = workersOf(t)
    const sources = blocksOf(program, type).map(({ name, bytes }) => memorySource(name, bytes))
    for (const cut of [0, 1]) {
      const parts = await partsOf(sources, cut)
      for (const sampleType of types)
        for (const format of ['pprof', 'flamegraph', 'top', 'collapsed'] as const) {
          const view = viewOf(parts, format, sampleType)
          const theirs = await workers.merge(sidesOf(parts), view)
          const ours = await mergedView(sidesOf(parts), view)
          t.equal(text(theirs.bytes), text(ours.bytes), `${format} of ${sampleType} without ${cut}`)
          t.same(theirs.warnings, ours.warnings)
          t.ok(ours.bytes.length > 100)
        }
    }
    t.equal(workers.threads.length, 1)
  })
}

t.test('errors keep their codes, and a block that cannot be read is left out', async (t) => {
  const workers = workersOf(t)
  const [first, second] = blocksOf('etcd', 'cpu')
  const bytes = Uint8Array.from(second!.bytes)
  // What comes before symbols, rows and tail.
  bytes.fill(0xaa, 16, Math.floor(bytes.length / 2))
  const unreadable: unknown[] = []
  const parts = (
    await partsOf([memorySource(first!.name, first!.bytes), memorySource(second!.name, bytes)])
  ).map((part) => ({ ...part, onUnreadable: (error: unknown) => unreadable.push(error) }))
  const view = viewOf(parts, 'top')
  const theirs = await workers.merge(sidesOf(parts), view)
  t.match(theirs.warnings, [`block ${second!.name} is missing from this answer: read `])
  t.match(unreadable, [{ code: 'BLOCK_CORRUPT' }])
  const ours = await mergedView(sidesOf(parts), view)
  t.same(theirs.warnings, ours.warnings)
  t.equal(text(theirs.bytes), text(ours.bytes))
  const damaged = parts.filter(({ reader }) => reader.name === second!.name)
  await t.rejects(workers.merge(sidesOf(damaged), view), { code: 'BLOCK_CORRUPT', message: second!.name })
  await t.rejects(workers.merge(sidesOf(parts), { ...view, type: 'nothing' }), { code: 'NO_VIEW' })
})

t.test('who goes away frees the worker', async (t) => {
  const workers = workersOf(t)
  const source = new StallingSource(blocksOf('etcd', 'cpu')[0]!)
  const parts = await partsOf([source])
  const view = viewOf(parts, 'top')
  source.stall(true)
  const gone = new AbortController()
  const asked = workers.merge(sidesOf(parts), view, { signal: gone.signal })
  await until('a read', () => source.stalled > 0)
  const [thread] = workers.threads
  const id = thread!.threadId
  const next = workers.merge(sidesOf(parts), view)
  gone.abort(new Error('the client went away'))
  await t.rejects(asked, { message: 'the client went away' })
  source.stall(false)
  t.equal(text((await next).bytes), text((await mergedView(sidesOf(parts), view)).bytes))
  t.same([workers.threads.length, workers.threads[0]!.threadId], [1, id], 'the same thread')
  const waiting = AbortSignal.abort(new Error('gone before its turn'))
  await t.rejects(workers.merge(sidesOf(parts), view, { signal: waiting }), {
    message: 'gone before its turn',
  })
})

t.test('when the time is up the answer is what was merged by then', async (t) => {
  const workers = workersOf(t)
  const [first, second] = blocksOf('etcd', 'cpu')
  const slow = new StallingSource(second!)
  const all = await partsOf([memorySource(first!.name, first!.bytes), slow])
  const parts = [all[0]!, all[3]!]
  t.same(
    parts.map(({ reader, series }) => reader.labels(series)['pod']),
    ['a', 'b'],
  )
  const view = viewOf(parts, 'top')
  // Of single profiles, so that each series is read for itself.
  const sides = sidesOf(parts, 'last')
  await workers.merge(sides, view)
  slow.stall(true)
  const stop = new AbortController()
  const asked = workers.merge(sides, view, { signal: stop.signal })
  await until('a read', () => slow.stalled > 0)
  stop.abort(new DOMException('late', 'TimeoutError'))
  const { warnings, bytes } = await asked
  t.same(warnings, ['1 of 2 series are missing from this answer: the time was up'])
  t.match(JSON.parse(Buffer.from(bytes).toString()), { type: 'cpu', series: 1 })
  const late = AbortSignal.timeout(0)
  await until('its end', () => late.aborted)
  await t.rejects(workers.merge(sides, view, { signal: late }), { name: 'TimeoutError' })
})

t.test('a worker that dies fails its merge alone', async (t) => {
  const workers = workersOf(t)
  const source = new StallingSource(blocksOf('etcd', 'cpu')[0]!)
  const parts = await partsOf([source])
  const view = viewOf(parts, 'top')
  source.stall(true)
  const asked = workers.merge(sidesOf(parts), view)
  await until('a read', () => source.stalled > 0)
  const next = workers.merge(sidesOf(parts), view)
  source.stall(false)
  await workers.threads[0]!.terminate()
  await t.rejects(asked, {
    code: 'WORKER_ENDED',
    message: /^merge in a worker thread: it ended with code 1$/,
  })
  t.equal(
    text((await next).bytes),
    text((await mergedView(sidesOf(parts), view)).bytes),
    'another takes its place',
  )
})

t.test('ten at once take two threads, which end when there is nothing to do', async (t) => {
  const registry = new Registry()
  const workers = workersOf(t, { size: 2, idleMs: 50, registry })
  const sources = blocksOf('etcd', 'heap').map((block) => new StallingSource(block))
  const parts = await partsOf(sources)
  const view = viewOf(parts, 'flamegraph')
  const want = text((await mergedView(sidesOf(parts), view)).bytes)
  for (const source of sources) source.stall(true)
  const gone = new AbortController()
  const first = [0, 1].map(() => workers.merge(sidesOf(parts), view, { signal: gone.signal }))
  const others = Array.from({ length: 8 }, () => workers.merge(sidesOf(parts), view))
  await until('reads of both', () => sources[0]!.stalled === 2)
  t.equal(workers.threads.length, 2)
  t.match(await registry.metrics(), /conprof_query_merges_waiting 8/)
  for (const source of sources) source.stall(false)
  gone.abort(new Error('enough'))
  for (const each of first) await t.rejects(each, { message: 'enough' })
  for (const each of await Promise.all(others)) t.equal(text(each.bytes), want)
  await until('no threads', () => workers.threads.length === 0)
  t.equal(text((await workers.merge(sidesOf(parts), view)).bytes), want, 'and start again')
  t.match(await registry.metrics(), /conprof_query_merges_total\{thread="worker"\} 11/)
})

t.test('a small merge, and one without workers, stays in this thread', async (t) => {
  const parts = await partsOf(blocksOf('etcd', 'cpu').map(({ name, bytes }) => memorySource(name, bytes)))
  const view = viewOf(parts, 'top')
  const want = text((await mergedView(sidesOf(parts), view)).bytes)
  for (const options of [{ isSmall: () => true }, { size: 0 }]) {
    const workers = workersOf(t, options)
    t.equal(text((await workers.merge(sidesOf(parts), view)).bytes), want)
    t.equal(workers.threads.length, 0)
  }
})
