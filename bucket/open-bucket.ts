import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Registry } from 'prom-client'
import type { Logger } from '../lib/log.ts'
import type { Bucket } from './bucket.ts'
import { BucketMetrics } from './bucket-metrics.ts'
import type { BucketOperation } from './errors.ts'
import { FolderBucket } from './folder-bucket.ts'
import { type BucketAccess, FollowedBucket } from './followed-bucket.ts'
import { InstrumentedBucket } from './instrumented-bucket.ts'
import { type ObjstoreConfig, parseObjstoreConfig, type S3Config } from './objstore-config.ts'
import { PrefixedBucket } from './prefixed-bucket.ts'
import { readTlsFiles } from './tls-files.ts'

export interface OpenBucketOptions {
  readonly log: Logger
  readonly registry: Registry
}

/**
 * As `openBucket`. The file, and the files it names, are read again while the bucket is used, so that rotated keys and
 * certificates need no restart; which bucket it is stays as it was.
 */
export async function openBucketFile(path: string, options: OpenBucketOptions): Promise<Bucket> {
  return openRead(await readConfig(path), { ...options, metrics: new BucketMetrics(options.registry) })
}

/**
 * As `openBucketFile`, of each file; metrics and names then tell the buckets apart. Throws where two files name the
 * same bucket.
 */
export async function openBucketFiles(
  paths: readonly string[],
  options: OpenBucketOptions,
): Promise<Bucket[]> {
  const [only, ...more] = paths
  if (only !== undefined && more.length === 0) return [await openBucketFile(only, options)]
  const read = await Promise.all(paths.map(readConfig))
  const places = read.map(({ config }) => `${placeOf(config)}${prefixOf(config)}`)
  for (const [i, place] of places.entries()) {
    const before = places.indexOf(place)
    if (before === i) continue
    throw new Error(`read bucket config "${paths[i]}": it names ${place}, as "${paths[before]}" does`)
  }
  const metrics = new BucketMetrics(options.registry)
  const buckets: Bucket[] = []
  try {
    for (const [i, each] of read.entries()) {
      buckets.push(await openRead(each, { ...options, metrics, name: places[i]! }))
    }
  } catch (error) {
    await Promise.all(buckets.map((bucket) => bucket.close()))
    throw error
  }
  return buckets
}

interface ReadConfig {
  readonly path: string
  readonly text: string
  readonly config: ObjstoreConfig
}

async function readConfig(path: string): Promise<ReadConfig> {
  const text = await readText(path)
  return { path, text, config: parseObjstoreConfig(text, path) }
}

function openRead(
  { path, text: firstText, config: first }: ReadConfig,
  options: OpenBucketOptions & { readonly metrics: BucketMetrics; readonly name?: string },
): Promise<Bucket> {
  let text = firstText
  let last = first
  const readAgain = async () => {
    const now = await readText(path)
    if (now !== text) last = parseObjstoreConfig(now, path)
    text = now
    return sameBucket(path, { first, last })
  }
  return openWith(first, { ...options, readAgain })
}

/** With its prefix and its metrics. Asks an S3 store nothing yet; throws a BucketError where a folder is no good. */
export function openBucket(config: ObjstoreConfig, options: OpenBucketOptions): Promise<Bucket> {
  return openWith(config, { ...options, metrics: new BucketMetrics(options.registry) })
}

async function openWith(
  config: ObjstoreConfig,
  options: {
    readonly log: Logger
    readonly metrics: BucketMetrics
    /** Of one of several. */
    readonly name?: string
    readonly readAgain?: () => Promise<S3Config>
  },
): Promise<Bucket> {
  const { log, metrics, name, readAgain } = options
  const counted = metrics.of(name)
  const inner =
    config.type === 'S3'
      ? await openS3(config.s3, { log, readAgain, onRequest: counted.requested })
      : await FolderBucket.open(config.directory)
  const prefixed = config.prefix === '' ? inner : new PrefixedBucket(inner, config.prefix)
  if (config.type === 'S3' && config.s3.insecureSkipVerify) {
    log.warn({ bucket: prefixed.name }, 'the certificate of the bucket is not verified')
  }
  return new InstrumentedBucket(prefixed, {
    metrics: counted,
    ...(name === undefined ? {} : { name }),
  })
}

async function openS3(
  config: S3Config,
  options: {
    readonly log: Logger
    readonly readAgain: (() => Promise<S3Config>) | undefined
    readonly onRequest: (operation: BucketOperation) => void
  },
): Promise<Bucket> {
  const { log, readAgain, onRequest } = options
  if (readAgain === undefined) return (await accessS3(config, onRequest)).open()
  return FollowedBucket.open({ read: async () => accessS3(await readAgain(), onRequest), log })
}

async function accessS3(
  config: S3Config,
  onRequest: (operation: BucketOperation) => void,
): Promise<BucketAccess> {
  const files = await readTlsFiles(config.tls)
  const hash = createHash('sha256').update(JSON.stringify(config))
  for (const [name, content] of Object.entries(files)) hash.update(`\n${name}\n`).update(content)
  return {
    fingerprint: hash.digest('hex'),
    open: async () => {
      // Loaded here and not above: the client costs 13 MiB that a folder does not need.
      const { S3Bucket } = await import('./s3-bucket.ts')
      return S3Bucket.open(config, { files, onRequest })
    },
  }
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read bucket config "${path}": ${error.code ?? error.message}`, { cause: error })
  })
}

/** What a process has read of one bucket, and has yet to bring there, is not another's. */
function sameBucket(
  path: string,
  { first, last }: { readonly first: ObjstoreConfig; readonly last: ObjstoreConfig },
): S3Config {
  if (last.type === 'S3' && placeOf(last) === placeOf(first)) return last.s3
  throw new Error(
    `read bucket config "${path}" again: it names ${placeOf(last)}, want ${placeOf(first)} until the next start`,
  )
}

function prefixOf({ type, prefix }: ObjstoreConfig): string {
  // That of S3 is a part of its place.
  return type === 'S3' || prefix === '' ? '' : ` below "${prefix}"`
}

function placeOf(config: ObjstoreConfig): string {
  if (config.type === 'FILESYSTEM') return `the folder "${config.directory}"`
  const { bucket, endpoint, region } = config.s3
  const prefix = config.prefix === '' ? '' : `/${config.prefix}`
  return `s3://${bucket}${prefix} at ${endpoint ?? `AWS${region === undefined ? '' : ` in ${region}`}`}`
}
