import { join } from 'node:path'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import type { CompactFlags } from '../cli/compact-flags.ts'
import type { StorageFlags } from '../cli/flags.ts'
import type { RetentionFlags } from '../cli/retention-flags.ts'
import { ownClusterName } from '../compact/cluster-name.ts'
import { Compactor } from '../compact/compactor.ts'
import { OwnedError, Ownership } from '../compact/owner.ts'
import type { Run } from '../lib/lifecycle/run-group.ts'
import type { Logger } from '../lib/log.ts'
import { createPasses } from './retaining.ts'

export interface CompactingOptions {
  readonly flags: CompactFlags & RetentionFlags & Pick<StorageFlags, 'storagePath' | 'storageWriteVersion'>
  readonly bucket: Bucket
  /** Where no flag says it; else what is kept below `storagePath`. */
  readonly cluster?: string | undefined
  /** Of the folder below `storagePath` for blocks on their way, which it empties; `compact` without it. */
  readonly folder?: string
  readonly logger: Logger
  readonly registry: Registry
}

/** With what is done to the bucket beside compaction, as the flags say. Asks the bucket nothing yet. */
export async function createCompactor(options: CompactingOptions): Promise<Compactor> {
  const { flags, bucket, logger, registry } = options
  const cluster = flags.compactCluster ?? options.cluster ?? (await ownClusterName(flags.storagePath))
  return new Compactor({
    bucket,
    directory: join(flags.storagePath, options.folder ?? 'compact'),
    ownership: new Ownership({ bucket, cluster, take: flags.takeOwnership }),
    version: flags.storageWriteVersion,
    passes: await createPasses({ flags, bucket, logger, registry }),
    logger: logger.child({ component: 'compact' }),
    registry,
    timing: {
      intervalMs: flags.compactIntervalMs,
      graceMs: flags.compactGraceMs,
      deleteDelayMs: flags.compactDeleteDelayMs,
    },
    limits: { maxJobBytes: flags.compactJobBytes },
  })
}

/** Beside other parts, which go on where the bucket is another's to compact. */
export function compactsWhereOwned(compactor: Compactor, { logger }: { readonly logger: Logger }): Run {
  return async ({ signal }) => {
    try {
      await compactor.run({ signal })
    } catch (error) {
      if (!(error instanceof OwnedError)) throw error
      logger.error({ component: 'compact' }, `compact no more: ${error.message}`)
      if (signal.aborted) return
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    }
  }
}
