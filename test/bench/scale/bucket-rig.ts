import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import type { Bucket } from '../../../bucket/bucket.ts'
import { openBucketFile } from '../../../bucket/open-bucket.ts'
import { silentLogger } from '../../../lib/log.ts'
import { startVersitygw } from '../../support/versitygw.ts'
import type { Teardowns } from '../operator/teardowns.ts'
import type { Fleet } from './make-fleet.ts'
import { type MeasuredProcess, measureProcess } from './measured-process.ts'

/** A bucket in a real S3 server on loopback. */
export interface BucketRig {
  readonly bucket: Bucket
  /** For `--objstore.config-file`. */
  readonly configFile: string
  /** For whatever a program keeps on disk; goes away with the rig. */
  readonly folder: string
  /** PUTs a fleet's blocks as collectors do. */
  upload(fleet: Fleet): Promise<void>
  /** `conprof compact --once`, as a user runs it, to its end. */
  compact(): Promise<MeasuredProcess>
}

export async function startBucketRig(teardowns: Teardowns): Promise<BucketRig> {
  const server = await startVersitygw(teardowns as never)
  const name = await server.createBucket()
  const folder = await mkdtemp(join(tmpdir(), 'conprof-scale-'))
  teardowns.teardown(() => rm(folder, { recursive: true, force: true }))
  const configFile = join(folder, 'objstore.yaml')
  const { endpoint, accessKey, secretKey } = server
  const config = { bucket: name, endpoint, access_key: accessKey, secret_key: secretKey, insecure: true }
  await writeFile(configFile, JSON.stringify({ type: 'S3', config: { ...config, region: 'us-east-1' } }))
  const bucket = await openBucketFile(configFile, { log: silentLogger(), registry: new Registry() })
  teardowns.teardown(() => bucket.close())
  return {
    bucket,
    configFile,
    folder,
    upload: async (fleet) => {
      for (const { key } of fleet.blocks)
        await bucket.putFile(`blocks/${key}`, join(fleet.directory, 'blocks', key))
      // What was just written is not on its way to the disk while something is timed.
      execFileSync('sync')
    },
    compact: () =>
      measureProcess([
        'compact',
        '--once',
        `--objstore.config-file=${configFile}`,
        `--storage.path=${join(folder, 'compact')}`,
        // The fleet's day is over, whenever its blocks came.
        '--compact.grace=0s',
        '--compact.delete-delay=0s',
        '--storage.write-version=2',
        '--storage.retention.time=0',
        '--log.level=error',
      ]),
  }
}
