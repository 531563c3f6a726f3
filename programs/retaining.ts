import { join } from 'node:path'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import type { RetentionFlags } from '../cli/retention-flags.ts'
import type { Pass } from '../compact/pass.ts'
import { readPolicyFile } from '../compact/policy-file.ts'
import { Retention } from '../compact/retention.ts'
import type { Logger } from '../lib/log.ts'

export interface RetainingOptions {
  readonly flags: RetentionFlags & { readonly storagePath: string }
  readonly bucket: Bucket
  readonly logger: Logger
  readonly registry: Registry
}

/** What is done to a bucket beside compaction, as the flags say. Rejects where the policy file cannot be used. */
export async function createPasses(options: RetainingOptions): Promise<readonly Pass[]> {
  const { flags, bucket, registry } = options
  const { storageRetentionTimeMs: timeMs, storageRetentionSizeBytes: maxBytes, storagePolicyFile } = flags
  const policy = storagePolicyFile === undefined ? undefined : await readPolicyFile(storagePolicyFile)
  const retention = new Retention({
    bucket,
    limits: { ...(timeMs > 0 && { maxAgeMs: timeMs }), ...(maxBytes !== undefined && { maxBytes }) },
    ...(policy !== undefined && { policy }),
    // Passes run between the compactor's jobs, so that they never need room at once.
    directory: join(flags.storagePath, 'compact'),
    logger: options.logger.child({ component: 'retention' }),
    registry,
  })
  return [retention]
}
