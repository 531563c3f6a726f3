import { access } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { parseBlockKey } from '../block/block-key.ts'
import type { BlockReader, ByteSource, SeqInterval } from '../block/block-reader.ts'
import { FileByteSource } from '../block/file-byte-source.ts'
import { openBlock } from '../block/open-block.ts'
import { rowFlags } from '../block/rows.ts'
import { verifyBlock } from '../block/verify-block.ts'
import type { Bucket, ObjectInfo } from '../bucket/bucket.ts'
import { listStoredBlocks, type StoredBlock } from '../compact/stored-blocks.ts'
import { formatByteSize } from '../lib/byte-size.ts'
import { plural } from '../lib/plural.ts'
import { formatLabels, profileId } from '../profile/labels.ts'
import { parseSelector } from '../profile/selector.ts'
import { parseProfileId } from '../query/api/profile-id.ts'
import { bucketSource } from '../query/bucket-source.ts'
import { formatDeletion, listDeletions } from './deleted-blocks.ts'
import { type BucketValues, inBucket } from './in-bucket.ts'
import { formatTable } from './table.ts'

/** `conprof block ls` */
export function listBlocks(values: BucketValues): Promise<void> {
  return inBucket(values, list)
}

/** `conprof block inspect` */
export function inspectBlock(values: BucketValues, name: string): Promise<void> {
  return withBlock(values, name, async (source) => inspect(await openBlock(source)))
}

/** `conprof block verify`: all, where none is named. */
export async function verifyBlocks(values: BucketValues, names: readonly string[]): Promise<void> {
  for (const name of names) await withBlock(values, name, verify)
  if (names.length === 0) await inBucket(values, verifyAll)
}

/** `conprof block cat` */
export function catProfile(values: BucketValues, name: string, profile: string): Promise<void> {
  return withBlock(values, name, async (source) => cat(await openBlock(source), profile))
}

async function blocksOf(bucket: Bucket): Promise<ObjectInfo[]> {
  const blocks: ObjectInfo[] = []
  for await (const object of bucket.list('blocks/')) {
    if (parseBlockKey(object.key) !== undefined) blocks.push(object)
  }
  return blocks
}

async function list(bucket: Bucket): Promise<void> {
  const blocks = await listStoredBlocks(bucket)
  const deleted = blocks.filter(({ isDeleted }) => isDeleted)
  const deletions = deleted.length === 0 ? undefined : await listDeletions(bucket)
  const rows = blocks.map(({ key, minTimeMs, maxTimeMs, level, sizeBytes }) => {
    const tombstone = deletions?.get(key)
    return [
      key,
      formatTime(minTimeMs),
      formatTime(maxTimeMs),
      `${level}`,
      formatByteSize(sizeBytes),
      ...(tombstone === undefined ? [] : [formatDeletion(tombstone)]),
    ]
  })
  const titles = ['block', 'from', 'to', ' level', ' size', ...(deletions === undefined ? [] : ['deleted'])]
  const live = blocks.length - deleted.length
  const sizeOf = (some: readonly StoredBlock[]) =>
    formatByteSize(some.reduce((n, { sizeBytes }) => n + sizeBytes, 0))
  const liveSize = sizeOf(blocks.filter(({ isDeleted }) => !isDeleted))
  const more = deletions === undefined ? '' : `, and ${deleted.length} deleted, ${sizeOf(deleted)}`
  process.stdout.write(formatTable(titles, rows))
  process.stdout.write(`${plural(live, 'block')}, ${liveSize}${more}, in ${bucket.name}\n`)
}

/** A local file needs no bucket. */
async function withBlock(
  values: BucketValues,
  name: string,
  act: (source: ByteSource) => Promise<void>,
): Promise<void> {
  const isFile = await access(name).then(
    () => true,
    () => false,
  )
  if (isFile) await act(await FileByteSource.open(name))
  else await inBucket(values, async (bucket) => act(await findBlock(bucket, name)))
}

async function findBlock(bucket: Bucket, name: string): Promise<ByteSource> {
  const found = (await blocksOf(bucket)).filter(
    ({ key }) => key.endsWith(name) || key.endsWith(`${name}.block`),
  )
  const [object] = found
  if (object === undefined || found.length > 1) {
    throw new Error(`find block "${name}" in ${bucket.name}: ${found.length} blocks end so, want 1`)
  }
  return bucketSource(bucket, object.key, object.sizeBytes)
}

async function inspect(reader: BlockReader): Promise<void> {
  const { meta } = reader
  const all = reader.select([])
  const rows = await reader.rows(all)
  const facts = [
    ['block', reader.name],
    ['format', `version ${meta.version}, level ${meta.level}`],
    ['from', formatTime(meta.minTimeMs)],
    ['to', formatTime(meta.maxTimeMs)],
    [
      'holds',
      `${plural(meta.profileCount, 'profile')}, ${plural(meta.attemptCount, 'attempt')}, ${meta.seriesCount} series`,
    ],
    ...meta.covered.map(({ writer, intervals }) => ['covers', `${writer} ${describeIntervals(intervals)}`]),
    ['size', formatByteSize(meta.sizeBytes)],
    ...Object.entries(meta.sectionBytes).map(([name, bytes]) => [`  ${name}`, formatByteSize(bytes)]),
  ]
  for (const [name, value] of facts) process.stdout.write(`${name!.padEnd(10)} ${value}\n`)
  const series = all.map((index, i) => {
    const { length, flags, sizeBytes } = rows[i]!
    const profiles = flags.filter((flag) => flag & rowFlags.body).length
    const kept = flags.filter((flag) => flag & rowFlags.bytes).length
    const raw = sizeBytes.reduce((sum, size) => sum + size, 0)
    return [
      `${profiles}`,
      `${length - profiles}`,
      `${kept}`,
      formatByteSize(raw),
      formatLabels(reader.labels(index)),
    ]
  })
  process.stdout.write(
    `\n${formatTable([' profiles', ' failed', ' kept bytes', ' as pprof', 'series'], series)}`,
  )
}

async function verifyAll(bucket: Bucket): Promise<void> {
  for (const { key, sizeBytes } of await blocksOf(bucket)) await verify(bucketSource(bucket, key, sizeBytes))
}

async function verify(source: ByteSource): Promise<void> {
  const { attempts, profiles, problems } = await verifyBlock(source)
  if (problems.length === 0) {
    process.stdout.write(
      `${source.name}: ok, ${plural(profiles, 'profile')}, ${plural(attempts, 'attempt')}\n`,
    )
    return
  }
  for (const problem of problems) process.stderr.write(`${source.name}: ${problem}\n`)
  process.exitCode = 1
}

async function cat(reader: BlockReader, name: string): Promise<void> {
  const id = parseProfileId(name)
  const chosen = reader.select(id === undefined ? parseSelector(name) : [])
  const rows = await reader.rows(chosen)
  const found = chosen.flatMap((series, i) => {
    const { timeMs, flags } = rows[i]!
    return [...timeMs.keys()]
      .filter((row) => flags[row]! & rowFlags.body)
      .filter((row) => id === undefined || profileId(timeMs[row]!, reader.labels(series)) === name)
      .map((row) => ({ series, row }))
  })
  const [first] = found
  if (first === undefined || (id === undefined && found.length > 1)) {
    throw new Error(`find profile "${name}" in ${reader.name}: ${found.length} found, want 1`)
  }
  const body = await reader.body(first.series, first.row)
  const isGzip = body[0] === 0x1f && body[1] === 0x8b
  const bytes = isGzip ? body : await promisify(gzip)(body)
  await new Promise<void>((resolve, reject) =>
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve())),
  )
}

/** What an import covers is an interval per profile. */
function describeIntervals(intervals: readonly SeqInterval[]): string {
  const shown = intervals
    .slice(0, maxShownIntervals)
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
  const hidden = intervals.length - shown.length
  return `${shown.join(', ')}${hidden > 0 ? ` and ${hidden} more` : ''}`
}

export function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '')
}

const maxShownIntervals = 5
