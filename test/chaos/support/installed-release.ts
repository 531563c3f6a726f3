import type { Test } from 'tap'
import { ConprofRelease, type Values } from '../../cluster/support/conprof-release.ts'
import { PortForward } from '../../cluster/support/port-forward.ts'
import { type S3InCluster, startS3 } from '../../cluster/support/s3-in-cluster.ts'
import { type Cluster, useCluster } from '../../cluster/use-cluster.ts'
import { workloadImages } from '../../cluster/workloads/workload-images.ts'
import { applyWorkload, removeWorkloads } from '../../cluster/workloads/workloads.ts'
import { bothHelms } from '../../support/helm.ts'

export interface InstalledRelease {
  readonly cluster: Cluster
  readonly release: ConprofRelease
  readonly s3: S3InCluster
  /** To `service/conprof-query`; its URL changes where a pod that it held on to goes away. */
  readonly query: PortForward
}

/** How often everything is scraped, by default. */
export const intervalMs = 10_000

/**
 * conprof with a bucket of its own in the namespace `name`, which scrapes `cart` (its CPU for three seconds) every ten
 * seconds. All of it goes away with `t`.
 */
export async function installRelease(t: Test, name: string, values: Values = {}): Promise<InstalledRelease> {
  const cluster = await useCluster(t)
  const image = await cluster.loadConprof()
  await cluster.load(await workloadImages())
  t.teardown(async () => {
    await removeWorkloads(cluster)
    await cluster.mustKubectl(['delete', 'namespace', name, '--ignore-not-found', '--timeout=120s'])
  })
  const s3 = await startS3(t, cluster, name)
  const [helm] = await bothHelms(t, { kubeconfig: cluster.kubeconfig })
  const release = new ConprofRelease({
    cluster,
    helm: helm!,
    namespace: name,
    image,
    values: { bucket: { config: s3.objstoreConfig }, defaultInterval: `${intervalMs / 1000}s`, ...values },
  })
  await release.install()
  t.teardown(() => release.uninstall())
  await applyWorkload(cluster, 'cart')
  const annotations = { 'conprof.io/scrape': 'true', 'conprof.io/cpu.seconds': '3' }
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } })
  await cluster.mustKubectl(['patch', 'deployment', 'cart', '-n=shop', `--patch=${patch}`])
  const query = await PortForward.open(t, cluster, {
    namespace: name,
    target: 'service/conprof-query',
    port: 8080,
  })
  return { cluster, release, s3, query }
}
