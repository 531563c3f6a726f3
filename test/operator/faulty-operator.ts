import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { createNamespace, createPod } from '../support/cluster-pods.ts'
import { type ProxiedRequest, startFaultProxy } from '../support/fault-proxy.ts'
import { differences } from '../support/fresh-plan.ts'
import { type OperatorRig, type RunningOperator, startOperatorRig } from '../support/operator-rig.ts'

export const isConfigWrite = ({ kind, path }: ProxiedRequest) =>
  kind === 'write' && path.includes('/scrapeconfigs')

/** Whatever happened: what is there is what an operator would write that knows nothing of it. */
export async function settles(t: Test, rig: OperatorRig, timeoutMs = 120_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  let left: string[]
  do {
    await sleep(100)
    left = await differences(rig.client).catch((error: Error) => [error.message])
  } while (left.length > 0 && Date.now() < deadline)
  t.strictSame(left, [], 'as a fresh operator would have it')
}

let nextPod = 0

/** Names are `cart-0` and on, however many tests add them. */
export function podsAdded(): number {
  return nextPod
}

export async function addPod(rig: OperatorRig, annotations: Record<string, string> = {}): Promise<string> {
  const name = `cart-${nextPod++}`
  await createPod(rig.client, {
    namespace: 'shop',
    name,
    ip: `127.9.${nextPod >> 8}.${nextPod & 255}`,
    labels: { app: 'cart' },
    annotations: { 'conprof.io/scrape': 'true', ...annotations },
    owner: { kind: 'ReplicaSet', name: 'cart-7d9f8b6c5' },
  })
  return name
}

/** An operator behind a proxy of faults, 30 pods, two collectors. */
export async function startFaultyOperator(t: Test, flags: readonly string[] = []) {
  const rig = await startOperatorRig(t, { replicas: 2 })
  await createNamespace(rig.client, 'shop')
  for (let i = 0; i < 30; i++) await addPod(rig)
  await rig.addCollectors([0, 1])
  const proxy = await startFaultProxy(t, rig.plane)
  const kubeconfig = await rig.plane.writeKubeconfig({ token: rig.plane.token, server: proxy.url })
  const operator = await rig.startOperator({ kubeconfig, flags })
  await settles(t, rig)
  return { rig, proxy, operator }
}

export async function isReady({ url }: RunningOperator): Promise<boolean> {
  return (await fetch(`${url}/-/ready`)).ok
}
