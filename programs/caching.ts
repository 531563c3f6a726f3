import { join } from 'node:path'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import type { CacheFlags } from '../cli/cache-flags.ts'
import type { Logger } from '../lib/log.ts'
import { PageCache } from '../query/cache/page-cache.ts'

/** The disk cache that flags ask for, to be closed at the end; undefined where there is none, or nothing to keep in it. */
export async function openCache(
  flags: CacheFlags & { readonly storagePath: string },
  options: { readonly buckets: readonly Bucket[]; readonly log: Logger; readonly registry: Registry },
): Promise<PageCache | undefined> {
  const { buckets, log, registry } = options
  const { storageCacheSizeBytes: maxBytes, storageCachePath } = flags
  if (maxBytes === 0 || buckets.every(({ isLocal }) => isLocal === true)) return undefined
  const path = storageCachePath ?? join(flags.storagePath, 'cache')
  return PageCache.open({ path, maxBytes, log, registry })
}
