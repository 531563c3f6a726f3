import type { TargetAnswer, TargetsAnswer } from '../../../query/api/types.ts'
import { eventually } from '../../cluster/support/eventually.ts'
import type { PortForward } from '../../cluster/support/port-forward.ts'
import type { Cluster } from '../../cluster/use-cluster.ts'
import { askApi } from '../../support/ask-api.ts'

/** The targets of `cart`, each of which is a pod and a profile type. */
export async function cartTargets(query: PortForward): Promise<TargetAnswer[]> {
  const { data } = await askApi<TargetsAnswer>(await query.url(), 'targets')
  return data.activeTargets.filter(({ labels }) => labels['workload'] === 'cart')
}

/** By which collectors, ascending. */
export function collectorsOf(targets: readonly TargetAnswer[]): string[] {
  return [...new Set(targets.map(({ collector }) => collector ?? ''))].sort()
}

export interface SpreadOptions {
  /** Of `cart`, as it is installed. */
  readonly pods: number
  /** Of each pod. */
  readonly profileTypes: number
  readonly collectors: number
}

/** All targets of `cart` once they are well, with as many pods as it takes for each collector to have some. */
export async function spreadTargets(
  cluster: Cluster,
  query: PortForward,
  { pods, profileTypes, collectors }: SpreadOptions,
): Promise<TargetAnswer[]> {
  for (let count = pods; ; count += collectors) {
    const targets = await eventually(`${count} pods to be scraped`, async () => {
      const all = await cartTargets(query)
      const well = all.filter(({ health }) => health === 'ok')
      if (all.length === well.length && all.length === count * profileTypes) return all
      const others = all.filter((target) => !well.includes(target)).map(({ health }) => health)
      throw new Error(`of ${all.length} targets ${others.length} are not ok: ${others.join(' ')}`)
    })
    if (collectorsOf(targets).length === collectors) return targets
    await cluster.mustKubectl(['scale', 'deployment/cart', '-n=shop', `--replicas=${count + collectors}`])
  }
}

/** The name of its loop, as in `scrapeLoops`. */
export function loopOf({ labels }: TargetAnswer): string {
  return `${labels['namespace']}/${labels['pod']}/${labels['container']} ${labels['instance']} ${labels['profile_path']}`
}
