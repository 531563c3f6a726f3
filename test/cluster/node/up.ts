import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { debianProgram } from '../../support/debian-package.ts'
import { kubeconfigText } from '../../support/kubeconfig-text.ts'
import { type Kubectl, kubectlWith } from '../../support/kubectl.ts'
import { until } from '../../support/until.ts'
import { createCgroup } from './cgroup.ts'
import { ClusterNode } from './cluster-node.ts'
import { type ClusterPlace, nodeAddress, nodeName } from './cluster-place.ts'
import { down } from './down.ts'
import { loadImages } from './load-images.ts'
import { nodeFiles } from './node-programs.ts'
import { pauseImage } from './pause-image.ts'
import { createPki } from './pki.ts'
import { requireRoot } from './require-root.ts'
import { createVolumes } from './volumes.ts'

const run = promisify(execFile)

/** Starts a cluster, of which nothing may be there; its node is ready after about ten seconds. */
export async function up(place: ClusterPlace): Promise<ClusterNode> {
  await requireMachine()
  const node = await ClusterNode.open(place)
  const pause = await pauseImage()
  try {
    await mkdir(place.folder, { recursive: true })
    await createNetwork(place)
    await createCgroup(place.cgroup)
    await createPki(node.pki)
    for (const [name, text] of Object.entries(nodeFiles(place, node.pki))) {
      await mkdir(dirname(join(place.folder, name)), { recursive: true })
      await writeFile(join(place.folder, name), text)
    }
    await node.start('etcd')
    await node.start('apiserver')
    await node.start('containerd')
    const port = await node.startRelay()
    const ca = await readFile(node.pki.caCertificate, 'utf8')
    const kubeconfig = kubeconfigText({ server: `https://127.0.0.1:${port}`, ca, token: 'admin' })
    await writeFile(place.kubeconfig, kubeconfig, { mode: 0o600 })
    const kubectl = kubectlWith(node.kubectlProgram, place.kubeconfig, place.folder)

    await until('containerd to listen', () => existsSync(place.containerdSocket), 120_000)
    await loadImages(place, [pause])
    await untilReady(node, kubectl)
    for (const name of ['controller-manager', 'scheduler', 'kubelet', 'proxy', 'coredns'] as const)
      await node.start(name)
    await until(
      `the node "${nodeName}" to be ready`,
      () =>
        kubectl.must(['wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=5s']).then(() => true),
      180_000,
    )
    // Before it is there no pod may be.
    await until(
      'the default service account',
      () => kubectl.must(['get', 'serviceaccount', 'default']).then(() => true),
      120_000,
    )
    await createVolumes(place, kubectl)
    return node
  } catch (error) {
    const said = await Promise.all(
      ['etcd', 'apiserver', 'containerd', 'kubelet'].map(
        async (name) => `--- ${name}\n${await node.logOf(name)}`,
      ),
    )
    await down(place)
    throw new Error(`start the cluster "${place.name}": ${(error as Error).message}\n${said.join('\n')}`, {
      cause: error,
    })
  }
}

/** What it takes of a machine; installs what Debian has of it. */
async function requireMachine(): Promise<void> {
  requireRoot()
  for (const [program, name] of [
    ['containerd', 'containerd'],
    ['runc', 'runc'],
    ['ip', 'iproute2'],
    ['nsenter', 'util-linux'],
    ['iptables', 'iptables'],
    ['conntrack', 'conntrack'],
  ] as const)
    await debianProgram({ program, package: name })
  if (existsSync('/usr/lib/cni/bridge') || existsSync('/opt/cni/bin/bridge')) return
  await debianProgram({ program: '/usr/lib/cni/bridge', package: 'containernetworking-plugins' })
}

/** A namespace with one bridge as its only way: what is not in it is not to be reached. */
async function createNetwork({ name, netnsPath }: ClusterPlace): Promise<void> {
  await run('ip', ['netns', 'add', name])
  const inside = (line: string) => run('nsenter', [`--net=${netnsPath}`, ...line.split(' ')])
  await inside('ip link set lo up')
  await inside('ip link add node0 type bridge')
  await inside(`ip addr add ${nodeAddress}/24 dev node0`)
  await inside('ip link set node0 up')
  await inside('ip route add default dev node0')
  await inside('sysctl -qw net.ipv4.ip_forward=1')
}

async function untilReady(node: ClusterNode, kubectl: Kubectl): Promise<void> {
  await until(
    'the API server to be ready',
    async () => {
      if ((await node.pid('apiserver')) === undefined || (await node.pid('etcd')) === undefined)
        throw new Error('it ended')
      return (await kubectl.must(['get', '--raw=/readyz'])) === 'ok'
    },
    180_000,
  )
}
