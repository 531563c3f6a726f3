import { join } from 'node:path'
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import type { Test } from 'tap'
import { until } from '../../support/until.ts'
import type { Cluster } from '../use-cluster.ts'
import { applyWorkload } from '../workloads/workloads.ts'
import { PortForward } from './port-forward.ts'

const bucket = 'profiles'
const namespace = 's3'

export interface S3Keys {
  readonly accessKey: string
  readonly secretKey: string
}

/** A real S3 server as a pod, its objects in a folder of the node. */
export class S3InCluster {
  readonly #cluster: Cluster
  readonly #forward: PortForward
  readonly #prefix: string
  #keys: S3Keys = { accessKey: 'conprof-test-access', secretKey: 'conprof-test-secret' }

  constructor(cluster: Cluster, forward: PortForward, prefix: string) {
    this.#cluster = cluster
    this.#forward = forward
    this.#prefix = prefix
  }

  /** As `bucket.config` of the chart and in objstore.yaml. */
  get objstoreConfig() {
    const { accessKey, secretKey } = this.#keys
    const config = { endpoint: `s3.${namespace}.svc:7070`, insecure: true, bucket, region: 'us-east-1' }
    return {
      type: 'S3',
      config: { ...config, access_key: accessKey, secret_key: secretKey },
      prefix: this.#prefix,
    }
  }

  /** Below the prefix, all that the server has. */
  async keys(): Promise<string[]> {
    const { accessKey, secretKey } = this.#keys
    const client = new S3Client({
      endpoint: await this.#forward.url(),
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    })
    try {
      const found: string[] = []
      for (let token: string | undefined; ; ) {
        const Prefix = `${this.#prefix}/`
        const list = new ListObjectsV2Command({ Bucket: bucket, Prefix, ContinuationToken: token })
        const { Contents = [], NextContinuationToken } = await client.send(list, {
          abortSignal: AbortSignal.timeout(60_000),
        })
        found.push(...Contents.map(({ Key }) => Key!.slice(Prefix.length)))
        if (NextContinuationToken === undefined) return found
        token = NextContinuationToken
      }
    } finally {
      client.destroy()
    }
  }

  /** Whoever connects is refused; objects stay. */
  async stop(): Promise<void> {
    await this.#scale(0)
    const pods = ['get', 'pods', `-n=${namespace}`, '-l', 'app=s3', '-o=name']
    await until('the S3 server to end', async () => (await this.#cluster.mustKubectl(pods)) === '', 120_000)
  }

  async start(): Promise<void> {
    await this.#scale(1)
    await this.#rollout()
  }

  /** Others than these get 403 once this resolves. */
  async useKeys(keys: S3Keys): Promise<void> {
    const stringData = { 'access-key': keys.accessKey, 'secret-key': keys.secretKey }
    const patch = JSON.stringify({ stringData })
    await this.#cluster.mustKubectl(['patch', 'secret', 's3-root', `-n=${namespace}`, `--patch=${patch}`])
    await this.#cluster.mustKubectl(['rollout', 'restart', 'deployment/s3', `-n=${namespace}`])
    await this.#rollout()
    this.#keys = keys
  }

  async #scale(replicas: number): Promise<void> {
    await this.#cluster.mustKubectl(['scale', 'deployment/s3', `-n=${namespace}`, `--replicas=${replicas}`])
  }

  async #rollout(): Promise<void> {
    const wait = ['rollout', 'status', 'deployment/s3', `-n=${namespace}`, '--timeout=300s']
    await this.#cluster.mustKubectl(wait)
  }
}

/** Its image must be on the node. What a test stores lies below `prefix`. */
export async function startS3(
  t: Pick<Test, 'teardown'>,
  cluster: Cluster,
  prefix: string,
): Promise<S3InCluster> {
  const folder = cluster.node === undefined ? '/tmp/conprof-test-s3' : join(cluster.node.place.folder, 's3')
  await applyWorkload(cluster, 's3', { DATA: folder })
  const forward = await PortForward.open(t, cluster, { namespace, target: 'service/s3', port: 7070 })
  return new S3InCluster(cluster, forward, prefix)
}
