import type { ClusterNode } from '../../cluster/node/cluster-node.ts'
import type { Cluster } from '../../cluster/use-cluster.ts'

/** A cluster of ours, whose programs and containers are processes of this machine. */
export interface ClusterWithNode extends Cluster {
  readonly node: ClusterNode
}
