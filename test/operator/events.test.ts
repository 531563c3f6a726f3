import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import t from 'tap'
import { createKubeClient } from '../../lib/kube/create-kube-client.ts'
import { silentLogger } from '../../lib/log.ts'
import { ProblemEvents } from '../../operator/events/problem-events.ts'
import { EventWriter } from '../../operator/events/write-events.ts'
import type { Problem } from '../../operator/targets/decision.ts'
import type { PodView } from '../../operator/targets/pod-view.ts'
import { createNamespace, createPod } from '../support/cluster-pods.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { until } from '../support/until.ts'

const problem: Problem = {
  reason: 'InvalidProfileAnnotation',
  key: 'conprof.io/port',
  value: 'http!',
  note: `annotation conprof.io/port: "http!" is no port; want a number or a name ${'ü'.repeat(600)}`,
}

function viewOf(uid: string, name: string): PodView {
  return {
    namespace: 'shop',
    name,
    uid,
    labels: {},
    annotations: {},
    createdMs: 0,
    node: '',
    ip: '',
    phase: 'Running',
    isTerminating: false,
    isHostNetwork: false,
    isReady: true,
    owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d', uid: 'uid-of-cart-7d' },
    workload: { kind: 'Deployment', name: 'cart' },
    containers: [],
  }
}

t.test(
  'Events: where kubectl describe shows them, few of many, and off where they are forbidden',
  async (t) => {
    const plane = await startControlPlane(t)
    const admin = await createKubeClient({ kubeconfig: plane.kubeconfig })
    const account = await plane.createServiceAccount('conprof', 'prof-operator')
    const client = await createKubeClient({ kubeconfig: account.kubeconfig })
    t.teardown(() => Promise.all([admin.close(), client.close()]))
    await createNamespace(admin, 'shop')
    const uid = await createPod(admin, { namespace: 'shop', name: 'cart-0', ip: '10.0.0.1' })
    const list = async () => {
      const path = '/apis/events.k8s.io/v1/namespaces/shop/events'
      const { items } = await admin.request<{ items: { regarding: { name: string }; note: string }[] }>({
        path,
      })
      return items
    }
    // Else the hour could be another at the end.
    const nowMs = Date.now()
    const start = (registry: Registry) => {
      const isLeader = () => true
      const logger = silentLogger()
      const own = { instance: 'prof-operator-0', now: () => nowMs }
      const writer = new EventWriter({ client, isLeader, logger, registry, ...own })
      const events = new ProblemEvents({ writer, isLeader, registry })
      const stop = new AbortController()
      const ended = Promise.all([writer.run({ signal: stop.signal }), events.run({ signal: stop.signal })])
      const end = async () => {
        stop.abort()
        await ended
      }
      return { events, end }
    }
    const metric = (registry: Registry, pattern: RegExp) =>
      until(`${pattern}`, async () => pattern.test(await registry.metrics()), 60_000)
    // The API server takes a moment to notice.
    const untilAllowed = (namespace: string) => {
      const who = '--as=system:serviceaccount:conprof:prof-operator'
      const ask = ['auth', 'can-i', 'create', 'events.events.k8s.io', '-n', namespace, who]
      return until(`events in ${namespace}`, async () => (await plane.kubectl(ask)).code === 0, 60_000)
    }

    const forbidden = new Registry()
    const first = start(forbidden)
    for (let at = 0; at < 3; at++) first.events.observePod(viewOf(`${at}`, `cart-${at}`), [problem])
    t.ok(
      await metric(forbidden, /events_lost_total{why="forbidden"} 3/),
      'off after the first, with those that wait',
    )
    await plane.mustKubectl(['create', 'namespace', 'pay'])
    await plane.mustKubectl(
      'create role events --verb=create --resource=events.events.k8s.io -n pay'.split(' '),
    )
    await plane.mustKubectl(
      'create rolebinding events --role=events --serviceaccount=conprof:prof-operator -n pay'.split(' '),
    )
    await untilAllowed('pay')
    first.events.observePod({ ...viewOf('p', 'pay-0'), namespace: 'pay', owner: undefined }, [problem])
    t.ok(
      await metric(forbidden, /conprof_operator_events_total{reason="InvalidProfileAnnotation"} 1/),
      'not in other namespaces',
    )
    await first.end()

    await plane.mustKubectl(
      'create clusterrole events --verb=create --resource=events.events.k8s.io'.split(' '),
    )
    await plane.mustKubectl(
      'create clusterrolebinding events --clusterrole=events --serviceaccount=conprof:prof-operator'.split(
        ' ',
      ),
    )
    await untilAllowed('shop')
    const registry = new Registry()
    const second = start(registry)
    const observe = (events: ProblemEvents) => {
      events.observePod(viewOf(uid, 'cart-0'), [problem])
      for (let at = 1; at < 500; at++) events.observePod(viewOf(`uid-${at}`, `cart-${at}`), [problem])
    }
    observe(second.events)
    t.ok(await metric(registry, /conprof_operator_events_total{reason="InvalidProfileAnnotation"} 4/))
    t.ok(await metric(registry, /conprof_operator_invalid_annotations_total{.*} 500/))
    const items = await list()
    t.same(items.map(({ regarding }) => regarding.name).sort(), ['cart-0', 'cart-1', 'cart-2', 'cart-7d'])
    t.ok(items.every(({ note }) => Buffer.byteLength(note) <= 1024 && !note.includes('\ufffd')))
    const described = await plane.mustKubectl(['describe', 'pod', 'cart-0', '-n', 'shop'])
    t.match(
      described,
      /Warning +InvalidProfileAnnotation .*conprof\.io\/operator.* annotation conprof\.io\/port: "http!"/,
    )
    await second.end()

    const third = start(new Registry())
    observe(third.events)
    await sleep(700)
    t.equal((await list()).length, 4, 'an operator that starts again within the hour says the same')
    await third.end()
  },
)
