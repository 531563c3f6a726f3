import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { removeWorkloads } from '../../cluster/workloads/workloads.ts'
import type { Helm } from '../../support/helm.ts'
import type { ClusterWithNode } from './cluster-with-node.ts'
import { renewVolumes } from './renewed-volumes.ts'

/** Nothing of a release, its namespace, its bucket and the workloads is left; nor is it an error if there was nothing. */
export async function removeRelease(cluster: ClusterWithNode, helm: Helm, namespace: string): Promise<void> {
  await helm.must(['uninstall', 'conprof', '-n', namespace, '--ignore-not-found', '--wait', '--timeout=5m'])
  await removeWorkloads(cluster)
  await cluster.mustKubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=300s'])
  // Of whichever release made and kept them: Helm would not take them over.
  const crds = ['profiletargets.conprof.io', 'scrapeconfigs.conprof.io']
  await cluster.mustKubectl(['delete', 'crd', ...crds, '--ignore-not-found', '--timeout=120s'])
  await rm(bucketFolder(cluster, namespace), { recursive: true, force: true })
  await renewVolumes(cluster, namespace)
}

/** Where the S3 server keeps the objects below `prefix`, each in a file named as its key. */
export function bucketFolder({ node }: ClusterWithNode, prefix: string): string {
  return join(node.place.folder, 's3', 'profiles', prefix)
}
