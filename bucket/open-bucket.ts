import type { Registry } from 'prom-client'
import type { Logger } from '../lib/log.ts'
import type { Bucket } from './bucket.ts'
import { FolderBucket } from './folder-bucket.ts'
import { InstrumentedBucket } from './instrumented-bucket.ts'
import type { ObjstoreConfig, S3Config } from './objstore-config.ts'
import { PrefixedBucket } from './prefixed-bucket.ts'

/** With its prefix and its metrics. Asks an S3 store nothing yet; throws a BucketError where a folder is no good. */
export async function openBucket(
  config: ObjstoreConfig,
  options: { readonly log: Logger; readonly registry: Registry },
): Promise<Bucket> {
  const inner = config.type === 'S3' ? await openS3(config.s3) : await FolderBucket.open(config.directory)
  const prefixed = config.prefix === '' ? inner : new PrefixedBucket(inner, config.prefix)
  if (config.type === 'S3' && config.s3.insecureSkipVerify) {
    options.log.warn({ bucket: prefixed.name }, 'the certificate of the bucket is not verified')
  }
  return new InstrumentedBucket(prefixed, options)
}

/** Loaded here and not above: the client costs 13 MiB that a folder does not need. */
async function openS3(config: S3Config): Promise<Bucket> {
  const { S3Bucket } = await import('./s3-bucket.ts')
  return S3Bucket.open(config)
}
