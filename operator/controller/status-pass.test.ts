import t from 'tap'
import type { ProfileTargetStatus } from '../api/profile-target-status.ts'
import { type ProfileTargetView, readProfileTarget } from '../api/read-profile-target.ts'
import type { OwnerHealth } from '../collector-health.ts'
import { projectPod } from '../targets/project-pod.ts'
import { defaultTargetSettings } from '../targets/settings.ts'
import { Decisions } from './decisions.ts'
import { passStatuses, type StatusPassOptions } from './status-pass.ts'
import { TargetSet } from './target-set.ts'

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)

function profileTarget(name: string, spec: object): ProfileTargetView {
  const metadata = { namespace: 'shop', name, uid: `uid of ${name}`, generation: 1 }
  const whole = { selector: { matchLabels: { app: name } }, endpoints: [{ port: 6060 }], ...spec }
  return readProfileTarget({ metadata, spec: whole })!
}

function setUp(names: readonly string[]) {
  const decisions = new Decisions({
    settings: defaultTargetSettings,
    onDefect: (_, error) => t.fail(error as Error),
  })
  for (const name of names) {
    decisions.setProfileTarget(`shop/${name}`, profileTarget(name, {}))
    const pod = projectPod({
      metadata: { namespace: 'shop', name: `${name}-0`, uid: `uid of pod ${name}`, labels: { app: name } },
      spec: { containers: [{ name: 'app' }] },
      status: { phase: 'Running', podIP: '10.0.0.1' },
    })
    decisions.setPod(`shop/${name}-0`, pod)
  }
  decisions.refresh()
  const targetSet = new TargetSet({
    decisions,
    settings: defaultTargetSettings,
    secrets: { follow: () => {}, problemOf: () => undefined },
    namespace: 'conprof',
    release: 'conprof',
    hasToken: () => false,
    isHeld: () => true,
  })
  targetSet.refresh()
  const set = new Map<string, ProfileTargetStatus>()
  const owners: OwnerHealth[] = []
  const options: StatusPassOptions & { publisher: { canAssign: boolean } } = {
    decisions,
    targetSet,
    actual: { holders: new Map(targetSet.targets.map(({ key }) => [key, [0]])) },
    publisher: {
      canAssign: true,
      desired: new Map([
        [
          'all',
          {
            name: 'all',
            shard: 0,
            spec: {} as never,
            targets: targetSet.targets,
            startAfterMs: new Map(),
          },
        ],
      ]),
    },
    writer: { unwritten: () => [], failures: () => new Map() },
    secrets: { problemOf: () => undefined },
    probe: { summaries: () => [{ ordinal: 0, configEpoch: 1, targets: 1, owners }], unreachable: () => [] },
    statuses: {
      set: ({ name }, status) => void set.set(name, status),
      wanted: ({ name }) => set.get(name),
    },
    settings: defaultTargetSettings,
    onDefect: (_, error) => t.fail(error as Error),
  }
  const draw = (name: string) =>
    set.get(name)?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)
  return { options, set, owners, draw }
}

t.test('a status that stays as it is says so with the same times, also before it was written', async (t) => {
  const { options, set } = setUp(['cart'])
  passStatuses(options, nowMs)
  const first = structuredClone(set.get('cart'))
  passStatuses(options, nowMs + 60_000)
  t.strictSame(set.get('cart'), first)
})

t.test('each has the health of its own targets', async (t) => {
  const { options, set, owners } = setUp(['cart', 'pay'])
  const errors: OwnerHealth['errors'] = []
  owners.push({ owner: 'ProfileTarget/shop/pay', endpoint: 'default', targets: 1, unhealthy: 1, errors })
  owners.push({ owner: 'ProfileTarget/shop/cart', endpoint: 'default', targets: 1, unhealthy: 0, errors })
  owners.push({ owner: 'annotations', endpoint: '', targets: 9, unhealthy: 9, errors })
  passStatuses(options, nowMs)
  t.equal(set.get('pay')?.unhealthy, 1)
  t.equal(set.get('cart')?.unhealthy, 0)
})

t.test('it is not Ready while no collector can have it, nor while it cannot be written', async (t) => {
  const { options, draw, set } = setUp(['cart'])
  passStatuses(options, nowMs)
  t.ok(draw('cart')?.includes('Ready True Ready'))
  const nothing = { desired: new Map(), canAssign: false }
  passStatuses({ ...options, publisher: nothing, actual: { holders: new Map() } }, nowMs)
  t.ok(draw('cart')?.includes('TargetsFound True PodsSelected'))
  t.ok(draw('cart')?.includes('Ready False WritePending'))
  const readyMessage = () => set.get('cart')?.conditions?.find(({ type }) => type === 'Ready')?.message
  t.match(readyMessage(), /^1 target not written to collectors yet: no collector is Ready$/)
  const failures = new Map([['ProfileTarget/shop/cart', 'post: 422 Invalid: spec: too long']])
  passStatuses({ ...options, writer: { unwritten: () => ['all'], failures: () => failures } }, nowMs)
  t.match(readyMessage(), /not written to collectors yet: post: 422 Invalid: spec: too long$/)
})

t.test('one that throws does not keep the others from theirs', async (t) => {
  const { options, set } = setUp(['cart', 'pay'])
  const defects: string[] = []
  passStatuses(
    {
      ...options,
      statuses: {
        set: (subject, ...rest) => {
          if (subject.name === 'cart') throw new Error('no')
          options.statuses.set(subject, ...rest)
        },
        wanted: () => undefined,
      },
      onDefect: (name) => defects.push(name),
    },
    nowMs,
  )
  t.strictSame(defects, ['shop/cart'])
  t.strictSame([...set.keys()], ['pay'])
})
