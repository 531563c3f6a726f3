import type { StorageFlags } from '../cli/flags.ts'
import type { RetentionLimits } from '../collector/retention.ts'

/** What `--storage.retention.*` ask for; 0 for the time keeps everything. */
export function retentionLimits(flags: StorageFlags): RetentionLimits {
  return {
    ...(flags.storageRetentionTimeMs > 0 && { maxAgeMs: flags.storageRetentionTimeMs }),
    ...(flags.storageRetentionSizeBytes !== undefined && { maxBytes: flags.storageRetentionSizeBytes }),
  }
}
