import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ClusterWithNode } from './cluster-with-node.ts'

/** The process id, on this machine, of the program in a pod's first container. Rejects where it does not run. */
export async function containerPid(
  cluster: ClusterWithNode,
  namespace: string,
  pod: string,
): Promise<number> {
  const path = '{.status.containerStatuses[0].containerID}'
  const id = await cluster.mustKubectl(['get', 'pod', pod, `-n=${namespace}`, `-o=jsonpath=${path}`])
  const socket = cluster.node.place.containerdSocket
  const list = ['--address', socket, '--namespace', 'k8s.io', 'tasks', 'ls']
  const { stdout } = await promisify(execFile)('ctr', list)
  for (const line of stdout.split('\n')) {
    const [task, pid, state] = line.trim().split(/\s+/)
    if (id === `containerd://${task}` && state === 'RUNNING') return Number(pid)
  }
  throw new Error(`find the process of the pod "${namespace}/${pod}": containerd runs no "${id}"`)
}
