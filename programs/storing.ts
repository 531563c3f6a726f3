import { fileURLToPath } from 'node:url'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import type { CollectorFlags } from '../cli/collector-flags.ts'
import { openBucket } from '../cli/open-bucket.ts'
import { Storage } from '../collector/storage.ts'
import type { Logger } from '../lib/log.ts'
import { SelfProfiler } from '../profile/self-profiler.ts'
import { type OpenedSource, openSource } from './collecting.ts'

/** What a program that scrapes and stores is made of. */
export interface Storing {
  readonly profiler: SelfProfiler
  readonly source: OpenedSource
  readonly bucket: Bucket
  readonly storage: Storage
}

export interface StoringOptions {
  readonly flags: CollectorFlags
  readonly logger: Logger
  readonly registry: Registry
  /** See `StorageOptions`. */
  readonly lastUploadMs?: number
}

/** Opens it all, and closes it after `run`, however that ends. */
export async function withStorage(
  options: StoringOptions,
  run: (storing: Storing) => Promise<void>,
): Promise<void> {
  const { flags, logger, registry, lastUploadMs } = options
  // The heap sampler knows what is allocated from here on.
  const profiler = new SelfProfiler({ root: fileURLToPath(new URL('../', import.meta.url)) })
  profiler.start()
  const source = await openSource(flags, registry)
  const bucket = await openBucket({ ...flags, isNew: true, logger, registry })
  try {
    const storage = await Storage.open({
      path: flags.storagePath,
      bucket,
      logger: logger.child({ component: 'storage' }),
      registry,
      blockDurationMs: flags.blockDurationMs,
      ...(lastUploadMs === undefined ? {} : { lastUploadMs }),
    })
    try {
      await run({ profiler, source, bucket, storage })
    } finally {
      // Closed already where it ran; not where something else did not start.
      await storage.close()
    }
  } finally {
    await bucket.close()
    profiler.close()
  }
}
