import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bucket } from '../bucket/bucket.ts'
import { FolderBucket } from '../bucket/folder-bucket.ts'

/** The bucket of `--objstore.config-file`, else the folder `bucket/` below `--storage.path`. */
export async function openBucket(options: {
  readonly storagePath: string
  readonly objstoreConfigFile?: string | undefined
  /** Whether a folder that is not there yet may be made. */
  readonly isNew: boolean
}): Promise<Bucket> {
  const path = join(options.storagePath, 'bucket')
  if (!options.isNew) {
    await access(path).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`open bucket "${path}": ${error.code}; want --storage.path or --objstore.config-file`)
    })
  }
  return FolderBucket.open(path)
}
