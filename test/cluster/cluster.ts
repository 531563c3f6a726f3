// `npm run cluster up|down|status|load-image`: a real Kubernetes cluster of one node on this machine.
import { existsSync } from 'node:fs'
import { kubectlWith } from '../support/kubectl.ts'
import { conprofImage } from './images/conprof-image.ts'
import { ClusterNode } from './node/cluster-node.ts'
import { type ClusterPlace, clusterPlace } from './node/cluster-place.ts'
import { down } from './node/down.ts'
import { loadImages } from './node/load-images.ts'
import { nodeProgramNames } from './node/node-programs.ts'
import { requireRoot } from './node/require-root.ts'
import { up } from './node/up.ts'

const usage = `usage: npm run cluster up | down | status | load-image [ARCHIVE...]

  up          starts the cluster; its node is ready after about ten seconds, the first time after some minutes
  down        ends it and leaves nothing of it
  status      what runs, and how to reach it; exits 1 where nothing does
  load-image  builds the image of this tree and loads it as localhost/conprof:tree; or loads docker archives

CONPROF_CLUSTER names another one than "conprof-test", to run beside it. More is in test/cluster/README.md.`

async function run(command: string | undefined, operands: readonly string[]): Promise<void> {
  if (command === undefined) throw new Error(usage)
  if (['help', '--help', '-h'].includes(command)) return console.log(usage)
  const commands: Record<string, (place: ClusterPlace) => Promise<void>> = {
    up: start,
    down: end,
    status,
    'load-image': (place) => loadImage(place, operands),
  }
  const chosen = Object.hasOwn(commands, command) ? commands[command] : undefined
  if (chosen === undefined)
    throw new Error(`run a cluster: command "${command}": want ${Object.keys(commands).join(', ')}`)
  if (operands.length > 0 && command !== 'load-image')
    throw new Error(`run a cluster: "${command} ${operands[0]}": want nothing after "${command}"`)
  requireRoot()
  await chosen(clusterPlace())
}

async function start(place: ClusterPlace): Promise<void> {
  const node = await ClusterNode.open(place)
  if ((await node.pid('etcd')) === undefined) {
    const startMs = performance.now()
    // What is left of one whose machine was restarted.
    await down(place)
    await up(place)
    console.log(`cluster "${place.name}": ready after ${((performance.now() - startMs) / 1000).toFixed(1)} s`)
  }
  await status(place)
}

async function end(place: ClusterPlace): Promise<void> {
  await down(place)
  console.log(`cluster "${place.name}": nothing is left of it`)
}

async function status(place: ClusterPlace): Promise<void> {
  const node = await ClusterNode.open(place)
  const pids = await Promise.all(nodeProgramNames.map(async (name) => [name, await node.pid(name)] as const))
  if (pids.every(([, pid]) => pid === undefined)) throw new Error(notThere(place))
  const stopped = pids.filter(([, pid]) => pid === undefined).map(([name]) => name)
  console.log(
    `cluster "${place.name}": ${stopped.length === 0 ? 'all programs run' : `not running: ${stopped.join(', ')}`}`,
  )
  console.log(`  export KUBECONFIG=${place.kubeconfig}`)
  console.log(`  kubectl is at ${node.kubectlProgram}; logs are in ${place.folder}/log\n`)
  const kubectl = kubectlWith(node.kubectlProgram, place.kubeconfig, place.folder)
  console.log(await kubectl.must(['get', 'nodes,pods', '--all-namespaces', '-o', 'wide']))
}

async function loadImage(place: ClusterPlace, archives: readonly string[]): Promise<void> {
  // Before minutes of building.
  if (!existsSync(place.containerdSocket)) throw new Error(notThere(place))
  if (archives.length > 0) return loadImages(place, archives)
  const image = await conprofImage()
  await loadImages(place, [image.archive])
  console.log(`loaded ${image.name}`)
}

function notThere({ name }: ClusterPlace): string {
  return `cluster "${name}": not there; start it with: npm run cluster up`
}

const [command, ...operands] = process.argv.slice(2)
try {
  await run(command, operands)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
