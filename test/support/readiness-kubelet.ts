import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import { setPodReady } from './cluster-pods.ts'

/** The part of a kubelet that says whether pods are Ready: asks them every second, and takes three silences for a no. */
export async function runReadiness(
  client: KubeClient,
  options: {
    readonly namespace: string
    /** Where each pod answers `/-/ready` now, by its name. */
    readonly pods: () => ReadonlyMap<string, string>
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { namespace, pods, signal } = options
  const failures = new Map<string, number>()
  const said = new Map<string, boolean>()
  while (!signal.aborted) {
    await Promise.all(
      [...pods()].map(async ([name, url]) => {
        const isOk = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1000) }).then(
          ({ ok }) => ok,
          () => false,
        )
        failures.set(name, isOk ? 0 : (failures.get(name) ?? 0) + 1)
        const isReady = isOk ? true : failures.get(name)! >= 3 ? false : said.get(name)
        if (isReady === undefined || isReady === said.get(name)) return
        said.set(name, isReady)
        await setPodReady(client, { namespace, name }, isReady).catch(() => said.delete(name))
      }),
    )
    await sleep(1000, undefined, { signal }).catch(() => {})
  }
}
