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
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

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
  await plane.mustKubectl(['apply', '-f', 'crds/conprof.io_profiletargets.yaml'])
  await plane.mustKubectl(['wait', '--for=condition=Established', 'crd/profiletargets.conprof.io'])
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
  const until = async (what: string, condition: (target: StoredTarget) => boolean) => {
    for (let tries = 0; tries < 300; tries++) {
      const target = await read()
      if (condition(target)) return target
      await sleep(50)
    }
    throw new Error(`wait until ${what}: not within 15 s: ${JSON.stringify((await read()).status)}`)
  }
  await createTarget(plane)
  const { metadata } = await read()
  let isLeader = false
  const registry = new Registry()
  const writer = new StatusWriter({
    client,
    isLeader: () => isLeader,
    logger: silentLogger(),
    registry,
    timing: { minIntervalMs: 2500, settleMs: 100, backoffMs: 50 },
  })
  const stop = new AbortController()
  const ended = writer.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  const subject = { namespace: 'shop', name: 'cart', uid: metadata.uid }
  const set = (changed: Partial<ProfileTargetFacts>, current?: ProfileTargetStatus) => {
    const status = statusOf({ ...facts, ...changed })
    writer.set(subject, status, { current })
    return status
  }

  set({})
  await sleep(500)
  t.equal((await read()).status, undefined, 'who does not lead does not write')
  isLeader = true
  const first = await until('it is written', ({ status }) => status !== undefined)
  t.same(first.status, statusOf(facts))
  t.ok(profileTargetStatus.safeParse(first.status).success)
  const table = await plane.mustKubectl(['get', 'pft', '-n', 'shop'])
  t.match(table.split('\n')[0], /^NAME +TARGETS +UNHEALTHY +READY +REASON +AGE/)
  t.match(table.split('\n')[1], /^cart +6 +0 +True +Ready /)
  await plane.mustKubectl(['wait', '--for=condition=Ready', 'pft/cart', '-n', 'shop', '--timeout=5s'])

  set({})
  await sleep(300)
  t.equal((await read()).metadata.resourceVersion, first.metadata.resourceVersion, 'the same is not written')

  const startMs = Date.now()
  set({ podsSelected: 3 })
  set({ podsSelected: 4 })
  const second = await until('the last one is written', ({ status }) =>
    /of 4 pods/.test(status?.conditions?.[1]?.message ?? ''),
  )
  t.ok(Date.now() - startMs > 1000, 'not at once again')
  t.equal(second.metadata.generation, 1, 'a status is no change of the spec')

  set({ podsSelected: 4, pendingWrites: 2, generation: 2 })
  await until('a new generation is answered soon', ({ status }) => status?.observedGeneration === 2)
  const readyMs = Date.now()
  set({ podsSelected: 4, generation: 2 })
  await until('it is ready', ({ status }) => status?.reason === 'Ready')
  t.ok(Date.now() - readyMs < 2000, 'who waits for Ready need not wait long')

  await plane.stopApiServer()
  set({ podsSelected: 5, generation: 3 })
  await sleep(400)
  await plane.startApiServer()
  await until('it is written afterwards', ({ status }) =>
    /of 5 pods/.test(status?.conditions?.[1]?.message ?? ''),
  )
  t.match(await registry.metrics(), /conprof_operator_status_writes_total{result="error"} [1-9]/)

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
  const subject = { namespace: 'shop', name: 'cart', uid: metadata.uid }
  const gone = async () =>
    Number(/status_writes_total{result="gone"} (\d+)/.exec(await registry.metrics())?.[1] ?? 0)
  writer.set(subject, statusOf(facts), { current: undefined })
  for (let tries = 0; (await gone()) < 1 && tries < 100; tries++) await sleep(50)
  t.equal(await gone(), 1, 'deleted meanwhile')
  await createTarget(plane)
  const anew = await admin.request<StoredTarget>({ path })
  const suspended = statusOf({ ...facts, suspendedBy: 'spec.suspend is true' })
  writer.set({ ...subject, uid: anew.metadata.uid }, suspended, { current: undefined })
  const read = () => admin.request<StoredTarget>({ path })
  for (let tries = 0; (await read()).status === undefined && tries < 100; tries++) await sleep(50)
  t.same((await read()).status, suspended)
  stop.abort()
  await ended
})
