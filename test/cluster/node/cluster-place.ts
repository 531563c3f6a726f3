import { join } from 'node:path'
import { testCache } from '../../support/test-cache.ts'

/** Where a cluster of ours lives on this machine. Everything of it is named after it, so that several can run. */
export interface ClusterPlace {
  readonly name: string
  /** All its files. */
  readonly folder: string
  /** Of its network namespace, as `nsenter --net=` takes it. */
  readonly netnsPath: string
  /** Below the mount of each cgroup hierarchy. */
  readonly cgroup: string
  /** A file, with the administrator's token; the server in it is on this machine's loopback. */
  readonly kubeconfig: string
  readonly containerdSocket: string
}

/** The node's address, in a network that ends within the namespace. */
export const nodeAddress = '10.200.0.1'
export const nodeName = 'node1'

/** Of `CONPROF_CLUSTER`, else of the one that everybody uses. */
export function clusterPlace(name = nameHere()): ClusterPlace {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name))
    throw new Error(`CONPROF_CLUSTER: "${name}": want lower-case letters, digits and dashes, at most 31`)
  const folder = join(testCache(), 'clusters', name)
  return {
    name,
    folder,
    netnsPath: `/run/netns/${name}`,
    cgroup: name,
    kubeconfig: join(folder, 'admin.kubeconfig'),
    containerdSocket: join(folder, 'containerd.sock'),
  }
}

/** Tests that run at the same time have a cluster each where `CONPROF_CLUSTER_PER_JOB` is set. */
function nameHere(): string {
  const name = process.env['CONPROF_CLUSTER'] || 'conprof-test'
  return process.env['CONPROF_CLUSTER_PER_JOB'] ? `${name}-${process.env['TAP_JOB_ID'] ?? 0}` : name
}
