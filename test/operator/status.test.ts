import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { createKubeClient } from '../../lib/kube/create-kube-client.ts'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import { silentLogger } from '../../lib/log.ts'
import { type ProfileTargetStatus, profileTargetStatus } from '../../operator/api/profile-target-status.ts'
import {
  type ProfileTargetFacts,
  profileTargetStatus as statusOf,
} from '../../operator/status/profile-target-status.ts'
import { StatusWriter } from '../../operator/status/write-statuses.ts'
import { createNamespace } from '../support/cluster-pods.ts'
import { applyCrds, type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { until } from '../support/until.ts'

interface StoredTarget {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string; readonly generation: number }
  readonly status?: ProfileTargetStatus
}

const facts: ProfileTargetFacts = {
  generation: 1,
  refusal: undefined,
  suspendedBy: undefined,
  credentials: undefined,
  selector: 'app=cart',
  where: 'namespace "shop"',
  podsSelected: 2,
  podsActive: 2,
  targets: 6,
  drops: [],
  shards: new Set([0]),
  health: [],
  unreachable: [],
  pendingWrites: 0,
  writeError: undefined,
  previous: undefined,
  nowMs: Date.now(),
}

async function startCluster(
  t: Test,
): Promise<{ plane: ControlPlane; admin: KubeClient; client: KubeClient }> {
  const plane = await startControlPlane(t)
  const admin = await createKubeClient({ kubeconfig: plane.kubeconfig })
  await applyCrds(plane)
  await createNamespace(admin, 'shop')
  const account = await plane.createServiceAccount('conprof', 'prof-operator')
  await plane.mustKubectl(
    'create clusterrole statuses --verb=patch --resource=profiletargets.conprof.io/status'.split(' '),
  )
  await plane.mustKubectl(
    'create clusterrolebinding statuses --clusterrole=statuses --serviceaccount=conprof:prof-operator'.split(
      ' ',
    ),
  )
  const client = await createKubeClient({ kubeconfig: account.kubeconfig })
  t.teardown(() => Promise.all([admin.close(), client.close()]))
  return { plane, admin, client }
}

function createTarget(plane: ControlPlane): Promise<string> {
  const stdin = JSON.stringify({
    apiVersion: 'conprof.io/v1alpha1',
    kind: 'ProfileTarget',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { selector: { matchLabels: { app: 'cart' } }, endpoints: [{ port: 'pprof' }] },
  })
  return plane.mustKubectl(['apply', '-f', '-'], { stdin })
}

const path = '/apis/conprof.io/v1alpha1/namespaces/shop/profiletargets/cart'

t.test('the status of a ProfileTarget is written when it changes, and seldom', async (t) => {
  const { plane, admin, client } = await startCluster(t)
  const read = () => admin.request<StoredTarget>({ path })
  const untilRead = (what: string, condition: (target: StoredTarget) => boolean) =>
    until(
      what,
      async () => {
        const target = await read()
        return condition(target) && target
      },
      60_000,
    )
  await createTarget(plane)
  const { metadata } = await read()
  let isLeader = false
  const subject = { namespace: 'shop', name: 'cart', uid: metadata.uid }
  const startWriter = (minIntervalMs: number) => {
    const registry = new Registry()
    const writer = new StatusWriter({
      client,
      isLeader: () => isLeader,
      logger: silentLogger(),
      registry,
      timing: { minIntervalMs, settleMs: 100, backoffMs: 50 },
    })
    const stop = new AbortController()
    const ended = writer.run({ signal: stop.signal })
    const end = async () => {
      stop.abort()
      await ended
    }
    t.teardown(end)
    const set = (changed: Partial<ProfileTargetFacts>, current?: ProfileTargetStatus) =>
      writer.set(subject, statusOf({ ...facts, ...changed }), { current })
    return { set, end, registry }
  }
  const minIntervalMs = 2500
  const { set, end } = startWriter(minIntervalMs)

  set({})
  await sleep(500)
  t.equal((await read()).status, undefined, 'who does not lead does not write')
  const leadsMs = performance.now()
  isLeader = true
  const first = await untilRead('it is written', ({ status }) => status !== undefined)
  t.same(first.status, statusOf(facts))
  t.ok(profileTargetStatus.safeParse(first.status).success)
  set({ podsSelected: 3 })
  set({ podsSelected: 4 })
  const second = await untilRead('the last one is written', ({ status }) =>
    /of 4 pods/.test(status?.conditions?.[1]?.message ?? ''),
  )
  // It was first written after it led, and so the second time that much later, however late we look.
  t.ok(performance.now() - leadsMs >= minIntervalMs, 'not at once again')
  t.equal(second.metadata.generation, 1, 'a status is no change of the spec')
  const table = await plane.mustKubectl(['get', 'pft', '-n', 'shop'])
  t.match(table.split('\n')[0], /^NAME +TARGETS +UNHEALTHY +READY +REASON +AGE/)
  t.match(table.split('\n')[1], /^cart +6 +0 +True +Ready /)
  await plane.mustKubectl(['wait', '--for=condition=Ready', 'pft/cart', '-n', 'shop', '--timeout=60s'])

  set({ podsSelected: 4 })
  await sleep(minIntervalMs + 500)
  t.equal((await read()).metadata.resourceVersion, second.metadata.resourceVersion, 'the same is not written')
  await end()

  // Who waits for one of these need not wait for long: hardly anything else is ever written.
  const patient = startWriter(3_600_000)
  patient.set({ podsSelected: 4, pendingWrites: 2, generation: 2 }, second.status)
  await untilRead('a new generation is answered soon', ({ status }) => status?.observedGeneration === 2)
  patient.set({ podsSelected: 4, generation: 2 })
  await untilRead('it is ready', ({ status }) => status?.reason === 'Ready')

  await plane.stopApiServer()
  patient.set({ podsSelected: 5, generation: 3 })
  await until('a write that fails', async () =>
    /conprof_operator_status_writes_total{result="error"} [1-9]/.test(await patient.registry.metrics()),
  )
  await plane.startApiServer()
  await untilRead('it is written afterwards', ({ status }) =>
    /of 5 pods/.test(status?.conditions?.[1]?.message ?? ''),
  )

  const writer2 = new StatusWriter({
    client,
    isLeader: () => true,
    logger: silentLogger(),
    registry: new Registry(),
  })
  const { status: held, metadata: before } = await read()
  writer2.set(subject, held!, { current: held })
  const ended2 = writer2.run({ signal: AbortSignal.timeout(1500) })
  await ended2
  t.equal(
    (await read()).metadata.resourceVersion,
    before.resourceVersion,
    'a new leader writes nothing that is there',
  )
})

t.test('one that is deleted is left, and one that is made anew gets its own', async (t) => {
  const { plane, admin, client } = await startCluster(t)
  await createTarget(plane)
  const { metadata } = await admin.request<StoredTarget>({ path })
  await plane.mustKubectl(['delete', 'pft', 'cart', '-n', 'shop'])
  const registry = new Registry()
  const timing = { minIntervalMs: 100, settleMs: 10, backoffMs: 50 }
  const writer = new StatusWriter({ client, isLeader: () => true, logger: silentLogger(), registry, timing })
  const stop = new AbortController()
  const ended = writer.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  const subject = { namespace: 'shop', name: 'cart', uid: metadata.uid }
  const gone = async () =>
    Number(/status_writes_total{result="gone"} (\d+)/.exec(await registry.metrics())?.[1] ?? 0)
  writer.set(subject, statusOf(facts), { current: undefined })
  await until('a write of what is deleted', async () => (await gone()) > 0, 60_000)
  t.equal(await gone(), 1, 'deleted meanwhile')
  await createTarget(plane)
  const anew = await admin.request<StoredTarget>({ path })
  const suspended = statusOf({ ...facts, suspendedBy: 'spec.suspend is true' })
  writer.set({ ...subject, uid: anew.metadata.uid }, suspended, { current: undefined })
  const read = () => admin.request<StoredTarget>({ path })
  await until('a status', async () => (await read()).status !== undefined, 60_000)
  t.same((await read()).status, suspended)
})
