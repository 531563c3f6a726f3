import t from 'tap'
import type { PodView } from '../targets/pod-view.ts'
import { CollectorPods, ordinalOf } from './collector-pods.ts'

function podView(name: string, ip: string, facts: Partial<PodView> = {}): PodView {
  return {
    namespace: 'conprof',
    name,
    uid: name,
    labels: {},
    annotations: {},
    createdMs: 0,
    node: 'n',
    ip,
    phase: 'Running',
    isTerminating: false,
    isHostNetwork: false,
    isReady: true,
    owner: undefined,
    workload: { kind: 'StatefulSet', name: 'c' },
    containers: [],
    ...facts,
  }
}

t.test('collectors are asked where their pods are, with scheme and prefix', async (t) => {
  const pods = new CollectorPods({
    statefulSet: 'c',
    collectorsPort: 8080,
    collectorsScheme: 'https',
    collectorsPrefix: '/profiles',
  })
  for (const after of [
    podView('c-0', '10.0.0.1'),
    podView('c-1', ''),
    podView('c-2', 'fd00::1'),
    podView('c-x', '10.0.0.9'),
  ])
    pods.change({ key: after.name, before: undefined, after })
  t.strictSame(pods.addresses(), [
    { ordinal: 0, url: 'https://10.0.0.1:8080/profiles' },
    { ordinal: 2, url: 'https://[fd00::1]:8080/profiles' },
  ])
  pods.change({
    key: 'c-0',
    before: podView('c-0', '10.0.0.1'),
    after: podView('c-0', '10.0.0.1', { isTerminating: true }),
  })
  t.strictSame(
    pods.observe([7], (ordinal) => ordinal),
    [
      { ordinal: 0, isReady: false, lastAnswerMs: 0 },
      { ordinal: 1, isReady: true, lastAnswerMs: 1 },
      { ordinal: 2, isReady: true, lastAnswerMs: 2 },
      { ordinal: 7, isReady: false, lastAnswerMs: 7 },
    ],
  )
})

t.test('ordinalOf() reads the number that a pod of the StatefulSet ends with', async (t) => {
  for (const [name, ordinal] of [
    ['c-0', 0],
    ['c-12', 12],
    ['c-01', undefined],
    ['c-', undefined],
    ['d-1', undefined],
    ['c-1-2', undefined],
  ] as const)
    t.equal(ordinalOf('c', name), ordinal, name)
})
