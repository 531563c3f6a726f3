import { execFile } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { removeCgroup } from './cgroup.ts'
import type { ClusterPlace } from './cluster-place.ts'

const run = promisify(execFile)

/** Ends all of a cluster and leaves nothing of it: no process, mount, namespace, cgroup or file. */
export async function down(place: ClusterPlace): Promise<void> {
  // Where to look for the rest is in files that go away with it.
  const shims = readShims(place)
  await removeCgroup(place.cgroup)
  for (const path of mountsBelow(place.folder)) await run('umount', ['--lazy', path])
  const results = readCniResults(place)
  for (const name of [...results.map(({ network }) => network), place.name])
    if (name !== '' && existsSync(join('/run/netns', name))) await run('ip', ['netns', 'delete', name])
  const remains = [
    ...shims.flatMap(({ socket, runcState }) => [socket, runcState]),
    ...results.map(({ path }) => path),
    ...linksBelow('/var/log/containers', place.folder),
  ]
  if (isOfATestOnly(kubeletFolder)) remains.push(kubeletFolder)
  for (const path of remains) await rm(path, { recursive: true, force: true })
  for (const folder of mayBeEmptyNow) await removeIfEmpty(folder)
  await rm(place.folder, { recursive: true, force: true })
}

/** Another cluster may put something there at any time, or take it away. */
async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    if (!['ENOTEMPTY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

const cniResults = '/var/lib/cni/results'
const runcStates = '/run/containerd/runc/k8s.io'

/** These programs make them where they are told otherwise for the rest; the deepest first. */
const mayBeEmptyNow = [
  '/run/containerd/s',
  runcStates,
  '/run/containerd/runc',
  '/run/containerd',
  cniResults,
  '/var/lib/cni',
  '/var/log/containers',
]

const kubeletFolder = '/var/lib/kubelet'

/** Wherever its own files are, the kubelet listens for device plugins there; a node of this machine has more there. */
function isOfATestOnly(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).every((name) => name === 'device-plugins')
}

/** A shim listens outside of containerd's folder; where, it says beside its container. */
function readShims({ folder }: ClusterPlace): { readonly socket: string; readonly runcState: string }[] {
  const bundles = join(folder, 'containerd-state', 'io.containerd.runtime.v2.task', 'k8s.io')
  return globSync(join(bundles, '*', 'address')).map((path) => ({
    socket: readFileSync(path, 'utf8').trim().replace('unix://', ''),
    runcState: join(runcStates, basename(dirname(path))),
  }))
}

/** What the CNI plugins remember of its pods: files, and the network namespace in each, "" where it has none. */
function readCniResults({ name }: ClusterPlace): { readonly path: string; readonly network: string }[] {
  if (!existsSync(cniResults)) return []
  const files = readdirSync(cniResults)
  const isOurs = new RegExp(`^${name}-([0-9a-f]{64})-`)
  const sandboxes = files.flatMap((file) => isOurs.exec(file)?.[1] ?? [])
  return files
    .filter((file) => sandboxes.some((sandbox) => file.includes(sandbox)))
    .map((file) => {
      const path = join(cniResults, file)
      const [, network] = /\/netns\/(cni-[0-9a-f-]+)"/.exec(readFileSync(path, 'utf8')) ?? []
      return { path, network: network ?? '' }
    })
}

/** The deepest first. */
function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)
}

/** The kubelet links each container's log there, whatever it was told. */
function linksBelow(folder: string, target: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink())
    .map(({ name }) => join(folder, name))
    .filter((path) => readlinkSync(path).startsWith(`${target}/`))
}
