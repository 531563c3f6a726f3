import { Registry } from 'prom-client'
import t from 'tap'
import type { CollectorHealth } from '../collector-health.ts'
import type { Problem } from '../targets/decision.ts'
import type { PodView } from '../targets/pod-view.ts'
import { meshProblems } from './mesh-problems.ts'
import type { PlannedEvent } from './plan-events.ts'
import { ProblemEvents } from './problem-events.ts'

const hour = 60 * 60_000
const badPort: Problem = {
  reason: 'InvalidProfileAnnotation',
  key: 'conprof.io/port',
  value: 'x',
  note: 'no port',
}
const mesh: Problem = { reason: 'ProfileScrapeMeshBlocked', key: 'app', value: '', note: 'reset; annotate' }

function pod(name: string): PodView {
  return {
    namespace: 'shop',
    name,
    uid: `uid-${name}`,
    labels: {},
    annotations: {},
    createdMs: 0,
    node: '',
    ip: '',
    phase: 'Running',
    isTerminating: false,
    isHostNetwork: false,
    isReady: true,
    owner: undefined,
    workload: { kind: 'Pod', name },
    containers: [],
  }
}

function observer() {
  const told: string[] = []
  const registry = new Registry()
  const control = { isLeader: true, nowMs: 0 }
  const events = new ProblemEvents({
    writer: {
      add: (planned: readonly PlannedEvent[]) => {
        for (const { regarding, problem } of planned) told.push(`${regarding.name} ${problem.reason}`)
      },
    },
    isLeader: () => control.isLeader,
    now: () => control.nowMs,
    registry,
    repeatEveryMs: 10,
  })
  return { events, told, registry, control }
}

t.test('who begins to lead tells what is wrong by then', async (t) => {
  const { events, told, control, registry } = observer()
  control.isLeader = false
  events.observePod(pod('a'), [badPort])
  events.observePod(pod('b'), [badPort])
  events.observePod(pod('b'), [])
  events.observeProfileTarget({ namespace: 'shop', name: 'cart', uid: 'uid-cart' }, [badPort])
  t.same(told, [])
  control.isLeader = true
  await events.run({ signal: AbortSignal.timeout(30) })
  t.same(told, ['a InvalidProfileAnnotation', 'cart InvalidProfileAnnotation'])
  t.match(
    await registry.metrics(),
    /conprof_operator_invalid_annotations_total{reason="InvalidProfileAnnotation"} 2/,
  )
  t.match(await registry.metrics(), /conprof_operator_objects_with_problems 2/)
  control.nowMs = hour
  await events.run({ signal: AbortSignal.timeout(50) })
  t.equal(told.length, 2, 'the time to look has not come')
  control.nowMs = hour + 10
  const repeated = events.run({ signal: AbortSignal.timeout(60) })
  control.nowMs += 20
  await repeated
  t.equal(told.length, 4, 'and again after an hour')
})

t.test('what is written on a pod, and what its mesh does, are told beside each other', async (t) => {
  const { events, told } = observer()
  const a = pod('a')
  events.observePod(a, [badPort])
  events.observeMesh(new Map([[a, mesh]]))
  events.observeMesh(new Map([[a, mesh]]))
  events.observePod(a, [])
  events.observeMesh(new Map())
  events.observePod(pod('b'), [])
  t.same(told, ['a InvalidProfileAnnotation', 'a ProfileScrapeMeshBlocked'])
  events.forget(a.uid)
})

t.test('meshes that refuse are found in what collectors say', async (t) => {
  const error = {
    namespace: 'shop',
    pod: 'a',
    container: 'app',
    profileType: 'heap',
    health: 'mesh-blocked',
    reason: 'reset',
    remedy: 'annotate',
    count: 3,
  }
  const health: CollectorHealth = {
    ordinal: 0,
    configEpoch: 1,
    targets: 2,
    owners: [
      {
        owner: 'annotations',
        endpoint: '',
        targets: 2,
        unhealthy: 2,
        errors: [error, { ...error, pod: 'b', health: 'refused' }],
      },
    ],
  }
  t.same([...meshProblems([health])], [['shop/a', mesh]])
})
