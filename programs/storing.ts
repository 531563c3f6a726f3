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
  readonly signal: AbortSignal
}

/** As long as a pod may take to end after it was deleted by force: its successor may be here before it is gone. */
const predecessorMs = 90_000

/** Opens it all, and closes it after `run`, however that ends. */
export async function withStorage(
  options: StoringOptions,
  run: (storing: Storing) => Promise<void>,
): Promise<void> {
  const { flags, logger, registry, lastUploadMs, signal } = options
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
      writeVersion: flags.storageWriteVersion,
      // A person who starts a second one wants to hear of it.
      lock: { waitMs: flags.configKubernetes === undefined ? 0 : predecessorMs, signal },
      ...(lastUploadMs === undefined ? {} : { lastUploadMs }),
    })
    try {
      await run({ profiler, source, bucket, storage })
    } finally {
      // Closed already where it ran; not where something else did not start.
      await storage.close()
    }
  } catch (error) {
    // Told to end while it waited for the folder: nothing had begun.
    if ((error as Error).name !== 'AbortError' || !signal.aborted) throw error
  } finally {
    await bucket.close()
    profiler.close()
  }
}
