import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Registry } from 'prom-client'
import t from 'tap'
import type { EncodedBlock } from '../block/block-builder.ts'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import type { BucketOptions, BucketReader, ObjectInfo } from '../bucket/bucket.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { sortLabels } from '../profile/labels.ts'
import { createMatcher } from '../profile/matcher.ts'
import { Catalog, type CatalogOptions } from './catalog.ts'
import type { HeadSource } from './head-source.ts'
import { listPendingFiles } from './pending-files.ts'
import { type SelectRequest, selectSeries } from './select.ts'

const day = Date.UTC(2026, 0, 10)
const second = 1000
const everything = { matchers: [], startMs: 0, endMs: day * 2 }

/** Attempts `first` to `last` of one writer, a second apart, over two jobs in turn. */
function cut(first: number, last: number, from: number = day, writer = 'w'): EncodedBlock {
  const builder = createBlockBuilder()
  for (let seq = first; seq <= last; seq++) {
    const labels = sortLabels([
      ['job', seq % 2 === 0 ? 'even' : 'odd'],
      ['profile_type', 'heap'],
    ])
    const timeMs = from + seq * second
    builder.append({ labels, timeMs, durationMs: 1, health: 'refused', httpStatus: 0 }, { writer, seq })
  }
  return builder.encode()!
}

function open(options: Partial<CatalogOptions>): Catalog {
  return new Catalog({ log: silentLogger(), registry: new Registry(), ...options })
}

async function seqs(
  catalog: Catalog,
  request: SelectRequest = everything,
): Promise<{ seqs: number[]; warnings: readonly string[] }> {
  const opened = await catalog.open(request)
  const { series, warnings } = await selectSeries(opened.sources, request)
  const found = series.flatMap(({ parts }) =>
    parts.flatMap(({ rows, firstRow, lastRow }) => [...rows.seq.subarray(firstRow, lastRow + 1)]),
  )
  return { seqs: found.sort((a, b) => a - b), warnings: [...opened.warnings, ...warnings] }
}

function upTo(last: number): number[] {
  return Array.from({ length: last + 1 }, (_, seq) => seq)
}

async function put(bucket: MemoryBucket, block: EncodedBlock, level = 1): Promise<string> {
  const key = `blocks/${block.key.replace(/-1-([0-9a-f]{16}\.block)$/, `-${level}-$1`)}`
  await bucket.put(key, block.bytes)
  return key
}

t.test('Catalog finds each attempt once while blocks move', async (t) => {
  const bucket = new MemoryBucket()
  await put(bucket, cut(0, 9))
  await put(bucket, cut(10, 19))
  await put(bucket, cut(0, 14), 2)
  const head: HeadSource = { readHead: async () => [cut(15, 24).bytes] }
  const catalog = open({ bucket, heads: [head] })
  t.strictSame(await seqs(catalog), { seqs: upTo(24), warnings: [] })
  const range = { ...everything, startMs: day + 3 * second, endMs: day + 5 * second }
  t.strictSame((await seqs(catalog, range)).seqs, [3, 4, 5], 'both ends belong to the range')
  const even = { ...everything, matchers: [createMatcher('job', '=', 'even')] }
  t.strictSame(
    (await seqs(catalog, even)).seqs,
    upTo(24).filter((seq) => seq % 2 === 0),
  )
})

t.test('Catalog compares rows where blocks of one level overlap', async (t) => {
  const bucket = new MemoryBucket()
  await put(bucket, cut(0, 9))
  await put(bucket, cut(5, 14))
  t.strictSame((await seqs(open({ bucket }))).seqs, upTo(14))
})

t.test('Catalog prunes by keys, and reads a day at a time', async (t) => {
  const bucket = new Counting(new MemoryBucket())
  for (let d = 0; d < 30; d++) await put(bucket.inner, cut(0, 9, day + d * 24 * 3600 * second))
  const catalog = open({ bucket })
  const at = day + 20 * 24 * 3600 * second
  const found = await seqs(catalog, { ...everything, startMs: at, endMs: at + 4 * second })
  t.strictSame(found.seqs, upTo(4))
  const days = ['2026-01-29', '2026-01-30']
  t.strictSame(
    bucket.lists.sort(),
    ['blocks', 'deleted'].flatMap((kind) => days.map((each) => `${kind}/${each}/`)),
  )
  const { reads } = bucket
  t.ok(reads > 0)
  await catalog.open({ ...everything, startMs: at, endMs: at })
  t.equal(bucket.reads, reads, 'the tail is cached')
  bucket.lists.length = 0
  const { blocks } = await catalog.list(everything)
  t.strictSame(bucket.lists, ['deleted/', 'blocks/'], 'deleted blocks first')
  t.equal(blocks.length, 30)
  t.equal(blocks.filter(({ reader }) => reader !== undefined).length, 1)
})

t.test('Catalog opens no block that has nothing of what is asked for', async (t) => {
  const bucket = new Counting(new MemoryBucket())
  await put(bucket.inner, cut(0, 0))
  await put(bucket.inner, cut(1, 1))
  // A summary fits into this, a reader does not.
  const catalog = open({ bucket, cacheBytes: 5000 })
  await catalog.open(everything)
  const labels = { ...everything, withoutBodies: true }
  bucket.reads = 0
  const { sources } = await catalog.openLabels(labels)
  t.strictSame(sources.flatMap((source) => source.labelValues('job')).sort(), ['even', 'odd'])
  t.strictSame(sources[0]!.labelNames(), ['job', 'profile_type'])
  t.equal(bucket.reads, 0)
  const odd = [createMatcher('job', '=', 'odd')]
  t.equal((await catalog.open({ ...everything, matchers: odd })).sources.length, 1)
  t.equal(bucket.reads, 1)
  const none = [createMatcher('job', '=~', 'o.*'), createMatcher('nothing', '!=', '')]
  t.equal((await catalog.open({ ...everything, matchers: none })).sources.length, 0)
  const absent = [createMatcher('nothing', '=', '')]
  t.equal((await catalog.open({ ...everything, matchers: absent })).sources.length, 2)
})

t.test('Catalog reads what a block covers where that cannot be read itself', async (t) => {
  const bucket = new Counting(new MemoryBucket())
  await put(bucket.inner, cut(0, 9))
  await put(bucket.inner, cut(10, 19))
  const large = await put(bucket.inner, cut(0, 19), 2)
  const catalog = open({ bucket, cacheBytes: 5000 })
  t.strictSame(await seqs(catalog), { seqs: upTo(19), warnings: [] })
  bucket.unreadable = large
  const { seqs: found, warnings } = await seqs(catalog)
  t.strictSame(found, upTo(19))
  t.match(warnings, [/^block 2026-01-10\/.*-2-.* is missing from this answer: bucket is away/])
})

t.test('Catalog reads below a prefix', async (t) => {
  const bucket = new MemoryBucket()
  const block = cut(0, 4)
  await bucket.put(`prod/blocks/${block.key}`, block.bytes)
  t.strictSame((await seqs(open({ bucket, prefix: 'prod/' }))).seqs, upTo(4))
})

t.test('Catalog answers without what is away, and says so', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'conprof-catalog-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const pendingBlock = cut(10, 19)
  await writeFile(join(directory, basename(pendingBlock.key)), pendingBlock.bytes)
  await writeFile(join(directory, `${basename(pendingBlock.key)}.tmp`), 'half')
  const bucket = new Counting(new MemoryBucket())
  await put(bucket.inner, cut(0, 9))
  const heads: HeadSource[] = [
    { name: 'head of a', readHead: async () => [cut(20, 24).bytes] },
    { name: 'head of b', readHead: () => Promise.reject(new Error('connect ECONNREFUSED')) },
  ]
  const catalog = open({ bucket, heads, pending: () => listPendingFiles(directory) })
  bucket.isAway = true
  t.strictSame(await seqs(catalog), {
    seqs: upTo(24).slice(10),
    warnings: [
      'head of b is missing from this answer: connect ECONNREFUSED',
      'bucket counting is missing from this answer: bucket is away',
    ],
  })
  bucket.isAway = false
  t.strictSame((await seqs(catalog)).seqs, upTo(24), 'and it is back')
})

t.test('Catalog names a block that is broken or too new', async (t) => {
  const bucket = new MemoryBucket()
  await put(bucket, cut(0, 4))
  const key = await put(bucket, cut(5, 9))
  const bytes = Uint8Array.from(cut(5, 9).bytes)
  // The version is the uint32 before the magic.
  bytes[bytes.length - 'CONPROF1'.length - 4] = 99
  await bucket.put(key, bytes)
  const found = await seqs(open({ bucket }))
  t.strictSame(found.seqs, upTo(4))
  t.match(found.warnings, [/^block 2026-01-10\/.* is missing from this answer: .*version 99/])
})

t.test('Catalog ends with the client, but not with a timeout', async (t) => {
  const bucket = new Counting(new MemoryBucket())
  await put(bucket.inner, cut(0, 4))
  const gone = AbortSignal.abort(new Error('the client went away'))
  await t.rejects(open({ bucket }).open({ ...everything, signal: gone }), { message: 'the client went away' })
  const late = AbortSignal.abort(new DOMException('too late', 'TimeoutError'))
  const { sources, warnings } = await open({ bucket }).open({ ...everything, signal: late })
  t.equal(sources.length, 0)
  t.match(warnings, ['bucket counting is missing from this answer: too late'])
})

/** A real bucket that counts, and can be unreachable. */
class Counting implements BucketReader {
  readonly name = 'counting'
  readonly inner: MemoryBucket
  readonly lists: string[] = []
  reads = 0
  isAway = false
  unreadable = ''

  constructor(inner: MemoryBucket) {
    this.inner = inner
  }

  async *list(prefix: string, options?: BucketOptions): AsyncIterable<ObjectInfo> {
    options?.signal?.throwIfAborted()
    if (this.isAway) throw new Error('bucket is away')
    this.lists.push(prefix)
    yield* this.inner.list(prefix, options)
  }

  getRange(key: string, offset: number, length: number, options?: BucketOptions): Promise<Uint8Array> {
    if (this.isAway || key === this.unreadable) return Promise.reject(new Error('bucket is away'))
    this.reads++
    return this.inner.getRange(key, offset, length, options)
  }

  stat(key: string, options?: BucketOptions): Promise<ObjectInfo> {
    return this.inner.stat(key, options)
  }
}
