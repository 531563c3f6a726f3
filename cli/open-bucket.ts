import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import { openBucketFile, openBucketFiles, openBucket as openConfigured } from '../bucket/open-bucket.ts'
import type { Logger } from '../lib/log.ts'

/** As `openBucket`, where `--objstore.config-file` may be given several times. */
export async function openBuckets(options: {
  readonly storagePath: string
  readonly objstoreConfigFiles: readonly string[]
  readonly isNew: boolean
  readonly logger: Logger
  readonly registry: Registry
}): Promise<Bucket[]> {
  const { objstoreConfigFiles: files, logger: log, registry } = options
  return files.length === 0 ? [await openBucket(options)] : openBucketFiles(files, { log, registry })
}

/** The bucket of `--objstore.config-file`, else the folder `bucket/` below `--storage.path`. */
export async function openBucket(options: {
  readonly storagePath: string
  readonly objstoreConfigFile?: string | undefined
  /** Whether a folder that is not there yet may be made. */
  readonly isNew: boolean
  readonly logger: Logger
  readonly registry: Registry
}): Promise<Bucket> {
  const { objstoreConfigFile: file, logger: log, registry } = options
  if (file !== undefined) return openBucketFile(file, { log, registry })
  const directory = join(options.storagePath, 'bucket')
  if (!options.isNew) {
    await access(directory).catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        `open bucket "${directory}": ${error.code}; want --storage.path or --objstore.config-file`,
      )
    })
  }
  return openConfigured({ type: 'FILESYSTEM', directory, prefix: '' }, { log, registry })
}
