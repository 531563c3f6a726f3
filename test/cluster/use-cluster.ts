import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { controlPlaneBinaries } from '../support/control-plane-binaries.ts'
import { type KubectlAnswer, type KubectlOptions, kubectlWith } from '../support/kubectl.ts'
import type { Image } from './images/image.ts'
import { ClusterNode } from './node/cluster-node.ts'
import { clusterPlace } from './node/cluster-place.ts'
import { down } from './node/down.ts'
import { loadImages } from './node/load-images.ts'
import { up } from './node/up.ts'

/** A real cluster with at least one node. */
export interface Cluster {
  readonly kubeconfig: string
  readonly kubectlProgram: string
  /** Rejects only where it cannot be started. */
  kubectl(parameters: readonly string[], options?: KubectlOptions): Promise<KubectlAnswer>
  /** Its output; rejects with its stderr where it fails. */
  mustKubectl(parameters: readonly string[], options?: KubectlOptions): Promise<string>
  /** For pods with `imagePullPolicy: Never`. In a cluster of somebody else's they must be there already. */
  load(images: readonly Image[]): Promise<void>
  /** Its machinery, to be stopped and started; undefined in a cluster of somebody else's. */
  readonly node: ClusterNode | undefined
}

/**
 * The cluster in `CONPROF_TEST_KUBECONFIG`; else ours, where `npm run cluster up` has started it; else ours until `t`
 * ends.
 */
export async function useCluster(t: Pick<Test, 'teardown'>): Promise<Cluster> {
  const given = process.env['CONPROF_TEST_KUBECONFIG']
  if (given) {
    const folder = await mkdtemp(join(tmpdir(), 'conprof-kubectl-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    return clusterOf((await controlPlaneBinaries()).kubectl, given, folder, undefined)
  }
  const place = clusterPlace()
  const running = await ClusterNode.open(place)
  const isUp = (await running.pid('etcd')) !== undefined
  if (!isUp) {
    t.teardown(() => down(place))
    // What a test left that was killed.
    await down(place)
    await up(place)
  }
  return clusterOf(running.kubectlProgram, place.kubeconfig, place.folder, running)
}

function clusterOf(
  kubectlProgram: string,
  kubeconfig: string,
  folder: string,
  node: ClusterNode | undefined,
): Cluster {
  const kubectl = kubectlWith(kubectlProgram, kubeconfig, folder)
  return {
    kubeconfig,
    kubectlProgram,
    kubectl: kubectl.run,
    mustKubectl: kubectl.must,
    load: async (images) => {
      if (node !== undefined)
        await loadImages(
          node.place,
          images.map(({ archive }) => archive),
        )
    },
    node,
  }
}
