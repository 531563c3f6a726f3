// What tests on a cluster need and takes long, before any of them waits for it: cold it is more than a test may take.
import { givenKubeconfig } from './given-cluster.ts'
import { conprofImage } from './images/conprof-image.ts'
import { nodeBinaries } from './node/node-binaries.ts'
import { pauseImage } from './node/pause-image.ts'
import { requireRoot } from './node/require-root.ts'
import { workloadImages } from './workloads/workload-images.ts'

async function prepare(): Promise<void> {
  // In a cluster of somebody else's all of it is there already.
  if (givenKubeconfig() !== undefined) return
  requireRoot()
  const startMs = performance.now()
  await nodeBinaries()
  await pauseImage()
  await workloadImages()
  if (!process.env['CONPROF_TEST_IMAGE']) await conprofImage()
  console.log(`programs and images of the cluster: ${((performance.now() - startMs) / 1000).toFixed(0)} s`)
}

try {
  await prepare()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
