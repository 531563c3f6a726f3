import { Option } from 'commander'
import { Registry } from 'prom-client'
import type { Bucket } from '../bucket/bucket.ts'
import { createLogger } from '../lib/log.ts'
import { openBucket } from './open-bucket.ts'

/** As commander gives them to a tool. */
export interface BucketValues {
  readonly 'storage.path': string
  readonly 'objstore.configFile'?: string
}

export function bucketOptions(): Option[] {
  return [
    new Option('--storage.path <folder>', 'of conprof; its bucket/ is used').default('./data'),
    new Option('--objstore.config-file <file>', 'the bucket, where it is not that folder'),
  ]
}

/** Opens a tool's bucket, which must be there, and closes it however that ends. */
export async function inBucket<Result>(
  values: BucketValues,
  act: (bucket: Bucket) => Promise<Result>,
): Promise<Result> {
  const bucket = await openBucket({
    storagePath: values['storage.path'],
    objstoreConfigFile: values['objstore.configFile'],
    isNew: false,
    logger: createLogger('warn'),
    registry: new Registry(),
  })
  try {
    return await act(bucket)
  } finally {
    await bucket.close()
  }
}
