// `npm run cluster -- up|down|status|load-image`: a real Kubernetes cluster of one node on this machine.
import { kubectlWith } from '../support/kubectl.ts'
import { conprofImage } from './images/conprof-image.ts'
import { ClusterNode } from './node/cluster-node.ts'
import { clusterPlace } from './node/cluster-place.ts'
import { down } from './node/down.ts'
import { loadImages } from './node/load-images.ts'
import { nodeProgramNames } from './node/node-programs.ts'
import { up } from './node/up.ts'

const usage = `usage: npm run cluster -- up | down | status | load-image [ARCHIVE...]

  up          starts the cluster; its node is ready after about ten seconds, the first time after some minutes
  down        ends it and leaves nothing of it
  status      what runs, and how to reach it
  load-image  builds the image of this tree and loads it as localhost/conprof:tree; or loads docker archives

CONPROF_CLUSTER names another one than "conprof-test", to run beside it.`

const place = clusterPlace()

async function run(command: string | undefined, operands: readonly string[]): Promise<void> {
  if (command === 'load-image') return loadImage(operands)
  if (operands.length > 0) throw new Error(`${command}: unexpected "${operands[0]}"\n${usage}`)
  if (command === 'up') return start()
  if (command === 'down') return down(place)
  if (command === 'status') return status()
  throw new Error(command === undefined ? usage : `unknown command "${command}"\n${usage}`)
}

async function start(): Promise<void> {
  const node = await ClusterNode.open(place)
  if ((await node.pid('etcd')) === undefined) {
    const startMs = performance.now()
    // What is left of one whose machine was restarted.
    await down(place)
    await up(place)
    console.log(`cluster "${place.name}": ready after ${((performance.now() - startMs) / 1000).toFixed(1)} s`)
  }
  await status()
}

async function status(): Promise<void> {
  const node = await ClusterNode.open(place)
  const pids = await Promise.all(nodeProgramNames.map(async (name) => [name, await node.pid(name)] as const))
  if (pids.every(([, pid]) => pid === undefined)) {
    console.log(`cluster "${place.name}": not there; start it with: npm run cluster -- up`)
    process.exitCode = 1
    return
  }
  const stopped = pids.filter(([, pid]) => pid === undefined).map(([name]) => name)
  console.log(
    `cluster "${place.name}": ${stopped.length === 0 ? 'all programs run' : `not running: ${stopped.join(', ')}`}`,
  )
  console.log(`  export KUBECONFIG=${place.kubeconfig}`)
  console.log(`  kubectl is at ${node.kubectlProgram}; logs are in ${place.folder}/log\n`)
  const kubectl = kubectlWith(node.kubectlProgram, place.kubeconfig, place.folder)
  console.log(await kubectl.must(['get', 'nodes,pods', '--all-namespaces', '-o', 'wide']))
}

async function loadImage(archives: readonly string[]): Promise<void> {
  if (archives.length > 0) return loadImages(place, archives)
  const image = await conprofImage()
  await loadImages(place, [image.archive])
  console.log(`loaded ${image.name}`)
}

const [command, ...operands] = process.argv.slice(2)
try {
  await run(command, operands)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
