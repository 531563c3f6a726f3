import type { Test } from 'tap'
import { ConprofRelease, type Values } from '../../cluster/support/conprof-release.ts'
import { PortForward } from '../../cluster/support/port-forward.ts'
import { type S3InCluster, startS3 } from '../../cluster/support/s3-in-cluster.ts'
import { type Cluster, useCluster } from '../../cluster/use-cluster.ts'
import { workloadImages } from '../../cluster/workloads/workload-images.ts'
import { applyWorkload } from '../../cluster/workloads/workloads.ts'
import { bothHelms } from '../../support/helm.ts'
import type { ClusterWithNode } from './cluster-with-node.ts'
import { removeRelease } from './remove-release.ts'

export interface InstalledRelease {
  readonly cluster: ClusterWithNode
  readonly release: ConprofRelease
  readonly s3: S3InCluster
  /** To `service/conprof-query`; its URL changes where a pod that it held on to goes away. */
  readonly query: PortForward
}

export interface CartOptions {
  /** One unless given; several are spread over several collectors. */
  readonly pods?: number
  /** Percent of a core that each of them burns; as the workload says unless given. */
  readonly burn?: number
  /** Profile types, such as `cpu,heap`; all that Go has unless given. */
  readonly profiles?: string
  /** How long a scrape may take beyond its profile, such as `20s`, within the interval; ten seconds unless given. */
  readonly timeout?: string
  /** As cluster administrators protect pods from eviction. */
  readonly priorityClassName?: string
}

/** How often everything is scraped, by default. */
export const intervalMs = 10_000

/** What is there before conprof is, the namespace as well. */
export type BeforeRelease = Pick<InstalledRelease, 'cluster' | 's3'>

/**
 * conprof with a bucket of its own in the namespace `name`, which scrapes `cart` (its CPU for three seconds) every ten
 * seconds. All of it goes away with `t`, and so does what an earlier run left.
 */
export async function installRelease(
  t: Test,
  name: string,
  values: Values | ((before: BeforeRelease) => Promise<Values>) = {},
  cart: CartOptions = {},
): Promise<InstalledRelease> {
  const { node, ...rest } = await useCluster(t)
  if (node === undefined)
    throw new Error(
      'CONPROF_TEST_KUBECONFIG: it is set; want none, as programs of the cluster are stopped here',
    )
  const cluster = { ...rest, node }
  const image = await cluster.loadConprof()
  await cluster.load(workloadImages)
  const [helm] = await bothHelms(t, { kubeconfig: cluster.kubeconfig })
  if (!cluster.endsWithTest) {
    const remove = () => removeRelease(cluster, helm!, name)
    t.teardown(remove)
    await remove()
  }
  const s3 = await startS3(t, cluster, name)
  await cluster.mustKubectl(['create', 'namespace', name])
  const own = typeof values === 'function' ? await values({ cluster, s3 }) : values
  const release = new ConprofRelease({
    cluster,
    helm: helm!,
    namespace: name,
    image,
    values: {
      bucket: { config: s3.objstoreConfig },
      defaultInterval: `${intervalMs / 1000}s`,
      // The next test's release makes its own.
      crds: { keep: false },
      ...own,
    },
  })
  await release.install()
  await applyCart(cluster, cart)
  const query = await PortForward.open(t, cluster, {
    namespace: name,
    target: 'service/conprof-query',
    port: 8080,
  })
  return { cluster, release, s3, query }
}

async function applyCart(cluster: Cluster, options: CartOptions): Promise<void> {
  const { pods = 1, burn, profiles, timeout, priorityClassName } = options
  await applyWorkload(cluster, 'cart')
  const annotations = {
    'conprof.io/scrape': 'true',
    'conprof.io/cpu.seconds': '3',
    ...(profiles !== undefined && { 'conprof.io/profiles': profiles }),
    ...(timeout !== undefined && { 'conprof.io/timeout': timeout }),
  }
  const args = ['--http=:8080', '--pprof=:6060', `--burn=${burn}`]
  const spec = {
    ...(burn !== undefined && { containers: [{ name: 'shop', args }] }),
    ...(priorityClassName !== undefined && { priorityClassName }),
  }
  const patch = JSON.stringify({ spec: { replicas: pods, template: { metadata: { annotations }, spec } } })
  await cluster.mustKubectl(['patch', 'deployment', 'cart', '-n=shop', `--patch=${patch}`])
  // Pods that end while they are scraped are another subject.
  await cluster.mustKubectl(['rollout', 'status', 'deployment/cart', '-n=shop', '--timeout=300s'])
}
