import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeName } from '../../cluster/node/cluster-place.ts'
import { kubeletConfig } from '../../cluster/node/node-programs.ts'
import type { ClusterWithNode } from './cluster-with-node.ts'

/** Bytes: what the kubelet counts as free for pods, and as taken by all of this machine. */
export interface NodeMemory {
  readonly availableBytes: number
  readonly workingSetBytes: number
}

export async function nodeMemory({ mustKubectl }: ClusterWithNode): Promise<NodeMemory> {
  const summary = await mustKubectl(['get', '--raw', `/api/v1/nodes/${nodeName}/proxy/stats/summary`])
  return (JSON.parse(summary) as { node: { memory: NodeMemory } }).node.memory
}

/**
 * Restarts the kubelet, whose pods run on meanwhile: it evicts one after the other while less than `memoryAvailable`
 * is free, such as `20Gi`; without it, as it was at first.
 */
export async function restartKubelet({ node }: ClusterWithNode, memoryAvailable?: string): Promise<void> {
  const { place, pki } = node
  await node.stop('kubelet')
  await writeFile(join(place.folder, 'kubelet.json'), kubeletConfig(place, pki, memoryAvailable))
  await node.start('kubelet')
}
