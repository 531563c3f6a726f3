import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster } from '../../cluster/use-cluster.ts'
import { until } from '../../support/until.ts'

interface Volume {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly local: { readonly path: string }
    readonly claimRef?: { readonly namespace: string }
  }
  readonly status: { readonly phase?: string }
}

/** Gives volumes that nobody claims any more to whoever claims next, empty; those of a namespace just deleted, too. */
export async function renewVolumes(cluster: Cluster, namespace: string): Promise<void> {
  const freed = async () => {
    const claimed = (await volumes(cluster)).filter(({ spec }) => spec.claimRef !== undefined)
    const held = claimed.filter(({ status }) => status.phase !== 'Released')
    if (held.some(({ spec }) => spec.claimRef!.namespace === namespace)) return undefined
    return claimed.filter((volume) => !held.includes(volume))
  }
  const released = await until(`the volumes of the namespace "${namespace}" to be released`, freed, 120_000)
  for (const { metadata, spec } of released) {
    const folder = spec.local.path
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true })
    const patch = '[{"op": "remove", "path": "/spec/claimRef"}]'
    await cluster.mustKubectl(['patch', 'pv', metadata.name, '--type=json', `--patch=${patch}`])
  }
}

async function volumes(cluster: Cluster): Promise<readonly Volume[]> {
  const list = await cluster.mustKubectl(['get', 'pv', '-o=json'])
  return (JSON.parse(list) as { items: readonly Volume[] }).items
}
