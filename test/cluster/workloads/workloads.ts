import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Cluster } from '../use-cluster.ts'

/** By the names of their Deployments; each is in the `kubernetes.yaml` of that folder. */
const folders = {
  cart: 'go-shop',
  leaky: 'go-shop',
  hermit: 'go-shop',
  pair: 'go-shop',
  'web-node': 'node-pprof',
  'quotes-rust': 'rust-pprof',
  meshed: 'mesh-proxy',
  s3: 's3',
} as const

export type WorkloadName = keyof typeof folders

export const workloadNames = Object.keys(folders) as readonly WorkloadName[]

export interface WorkloadObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

type CanKubectl = Pick<Cluster, 'mustKubectl'>

/** Its objects, the namespace first. `values` fill in what the file leaves open: `DATA` of s3, a folder of the node. */
export async function readWorkload(
  name: WorkloadName,
  values: Readonly<Record<string, string>> = {},
): Promise<WorkloadObject[]> {
  const path = join(import.meta.dirname, folders[name], 'kubernetes.yaml')
  const objects = parseAllDocuments(await readFile(path, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`read workload "${name}": ${document.errors[0]}`)
    return document.toJS() as WorkloadObject
  })
  const own = objects.filter(({ kind, metadata }) => isOf(name, kind, metadata.name))
  // Only values: what a comment says of them is none.
  const text = JSON.stringify(own).replace(/\$\{(\w+)\}/g, (_, key: string) => {
    const value = values[key]
    if (value === undefined) throw new Error(`read workload "${name}": no value for ${key}`)
    return JSON.stringify(value).slice(1, -1)
  })
  return JSON.parse(text) as WorkloadObject[]
}

/** Several workloads lie in one file, and s3 has objects beside its Deployment. */
function isOf(workload: WorkloadName, kind: string, name: string): boolean {
  return kind === 'Namespace' || name === workload || name.startsWith(`${workload}-`)
}

/** Its images must be on the node. Resolves once its pods are Ready; rejects after five minutes. */
export async function applyWorkload(
  cluster: CanKubectl,
  name: WorkloadName,
  values: Readonly<Record<string, string>> = {},
): Promise<void> {
  const objects = await readWorkload(name, values)
  const items = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  await cluster.mustKubectl(['apply', '-f', '-'], { stdin: items })
  const { namespace } = objects.find(({ kind }) => kind === 'Deployment')!.metadata
  await cluster.mustKubectl([
    'rollout',
    'status',
    `deployment/${name}`,
    `--namespace=${namespace}`,
    '--timeout=300s',
  ])
}

/** All of them, with their namespaces; resolves once they are gone. */
export async function removeWorkloads(cluster: CanKubectl): Promise<void> {
  await cluster.mustKubectl(['delete', 'namespace', 'shop', 's3', '--ignore-not-found', '--timeout=300s'])
}
