import { execFile } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { kubectlWith } from '../../support/kubectl.ts'
import { skipWhereGiven } from '../given-cluster.ts'
import { clusterPlace } from './cluster-place.ts'
import { down } from './down.ts'
import { pauseImageName } from './node-programs.ts'
import { up } from './up.ts'

/** Everything of a kind that a cluster could leave behind on this machine. */
async function remains(name: string): Promise<Record<string, string[]>> {
  const { stdout: rules } = await promisify(execFile)('iptables-save')
  const { stdout: links } = await promisify(execFile)('ip', ['-oneline', 'link'])
  const names = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
  return {
    processes: globSync('/proc/[0-9]*/cmdline').filter((path) => isAbout(name, path)),
    mounts: readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(name)),
    networks: names('/run/netns'),
    links: links.split('\n').map((line) => line.split(':')[1] ?? ''),
    rules: rules.split('\n').filter((line) => line.startsWith('-A')),
    cgroups: globSync(`/sys/fs/cgroup/**/${name}*`),
    files: ['/run/containerd', '/run/containerd/s', '/run/containerd/runc/k8s.io', '/var/lib/cni/results']
      .concat([
        '/var/log/containers',
        '/var/log/pods',
        '/var/lib/kubelet',
        '/etc/cni/net.d',
        '/opt/containerd',
      ])
      .concat('/usr/libexec/kubernetes')
      .flatMap((folder) => names(folder).map((file) => `${folder}/${file}`)),
  }
}

function isAbout(name: string, path: string): boolean {
  try {
    return readFileSync(path, 'utf8').includes(`clusters/${name}`)
  } catch {
    // It has ended.
    return false
  }
}

t.test('a cluster with pods leaves nothing behind', { skip: skipWhereGiven() }, async (t) => {
  // Beside one that may run on this machine.
  const place = clusterPlace('conprof-gone')
  await down(place)
  const before = await remains(place.name)
  t.teardown(() => down(place))
  const node = await up(place)
  const kubectl = kubectlWith(node.kubectlProgram, place.kubeconfig, place.folder)
  const run = ['run', 'pause', `--image=${pauseImageName}`, '--image-pull-policy=Never']
  await kubectl.must(run)
  await kubectl.must(['wait', '--for=condition=Ready', 'pod/pause', '--timeout=300s'])
  const during = await remains(place.name)
  for (const kind of ['processes', 'mounts', 'networks', 'cgroups', 'files'])
    t.ok(during[kind]!.length > before[kind]!.length, `while it runs there are ${kind}`)
  await down(place)
  t.same(await remains(place.name), before)
  t.notOk(existsSync(place.folder))
})
