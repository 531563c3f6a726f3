import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { controlPlaneBinaries } from '../support/control-plane-binaries.ts'
import { type KubectlAnswer, type KubectlOptions, kubectlWith } from '../support/kubectl.ts'
import { givenKubeconfig, requireAnswer } from './given-cluster.ts'
import { conprofImage } from './images/conprof-image.ts'
import type { Image } from './images/image.ts'
import { ClusterNode } from './node/cluster-node.ts'
import { clusterPlace } from './node/cluster-place.ts'
import { down } from './node/down.ts'
import { loadImages } from './node/load-images.ts'
import { requireRoot } from './node/require-root.ts'
import { up } from './node/up.ts'

/** A real cluster with at least one node. */
export interface Cluster {
  readonly kubeconfig: string
  readonly kubectlProgram: string
  /** Rejects only where it cannot be started. */
  kubectl(parameters: readonly string[], options?: KubectlOptions): Promise<KubectlAnswer>
  /** Its output; rejects with its stderr where it fails. */
  mustKubectl(parameters: readonly string[], options?: KubectlOptions): Promise<string>
  /**
   * For pods with `imagePullPolicy: Never`. In a cluster of somebody else's they must be there already: nothing is made.
   */
  load(makeImages: () => Promise<readonly Image[]>): Promise<void>
  /** The name of the image of this tree, built and loaded; or of the one in `CONPROF_TEST_IMAGE`, which is there. */
  loadConprof(): Promise<string>
  /** It goes away with the test, and whatever is in it. */
  readonly endsWithTest: boolean
  /** Its machinery, to be stopped and started; undefined in a cluster of somebody else's. */
  readonly node: ClusterNode | undefined
}

/**
 * The cluster in `CONPROF_TEST_KUBECONFIG`; else ours, where `npm run cluster up` has started it; else ours until `t`
 * ends.
 */
export async function useCluster(t: Pick<Test, 'teardown'>): Promise<Cluster> {
  const given = givenKubeconfig()
  if (given !== undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'conprof-kubectl-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const program = (await controlPlaneBinaries()).kubectl
    await requireAnswer(given, kubectlWith(program, given, folder))
    return clusterOf(program, given, folder, undefined, false)
  }
  requireRoot()
  const place = clusterPlace()
  const running = await ClusterNode.open(place)
  const isUp = (await running.pid('etcd')) !== undefined
  if (!isUp) {
    t.teardown(() => down(place))
    // What a test left that was killed.
    await down(place)
    await up(place)
  }
  return clusterOf(running.kubectlProgram, place.kubeconfig, place.folder, running, !isUp)
}

function clusterOf(
  kubectlProgram: string,
  kubeconfig: string,
  folder: string,
  node: ClusterNode | undefined,
  endsWithTest: boolean,
): Cluster {
  const kubectl = kubectlWith(kubectlProgram, kubeconfig, folder)
  const load: Cluster['load'] = async (makeImages) => {
    if (node === undefined) return
    const images = await makeImages()
    await loadImages(
      node.place,
      images.map(({ archive }) => archive),
    )
  }
  return {
    kubeconfig,
    kubectlProgram,
    kubectl: kubectl.run,
    mustKubectl: kubectl.must,
    load,
    loadConprof: async () => {
      const given = process.env['CONPROF_TEST_IMAGE']
      if (given) return given
      if (node === undefined)
        throw new Error(
          'CONPROF_TEST_IMAGE: it is not set; with CONPROF_TEST_KUBECONFIG want the name of the image of conprof in that cluster',
        )
      const image = await conprofImage()
      await load(async () => [image])
      return image.name
    },
    endsWithTest,
    node,
  }
}
