import t from 'tap'
import {
  isGathering,
  type Member,
  type MemberObservation,
  maxGatherMs,
  memberOrdinals,
  nextMembers,
} from './members.ts'

/** A story in steps: `0 ready, 1 answers, 2 silent` at a second gives the ordinals that have targets then. */
function tell(
  steps: readonly (readonly [seconds: number, replicas: number, states: string, members: string])[],
): void {
  let members: ReadonlyMap<number, Member> = new Map()
  for (const [seconds, replicas, states, expected] of steps) {
    const nowMs = 1_000_000 + seconds * 1000
    const observed = states.split(', ').flatMap((state): MemberObservation[] => {
      const [ordinal, how] = state.split(' ')
      if (how === 'gone') return []
      return [
        { ordinal: Number(ordinal), isReady: how === 'ready', lastAnswerMs: how === 'answers' ? nowMs : 0 },
      ]
    })
    members = nextMembers(members, observed, { replicas, nowMs })
    t.equal(memberOrdinals(members).join(' '), expected, `at ${seconds} s: ${states}`)
  }
}

t.test('an ordinal gets targets once its pod was Ready', async () => {
  tell([
    [0, 2, '0 silent, 1 silent', ''],
    [1, 2, '0 ready, 1 answers', '0'],
    [2, 2, '0 ready, 1 ready', '0 1'],
  ])
})

t.test(
  'a collector that is neither Ready nor answers loses its targets after 45 s, and gets them back',
  async () => {
    tell([
      [0, 3, '0 ready, 1 ready, 2 ready', '0 1 2'],
      [10, 3, '0 ready, 1 silent, 2 ready', '0 1 2'],
      [44, 3, '0 ready, 1 silent, 2 ready', '0 1 2'],
      [45, 3, '0 ready, 1 silent, 2 ready', '0 1 2'],
      [46, 3, '0 ready, 1 silent, 2 ready', '0 2'],
      [60, 3, '0 ready, 1 answers, 2 ready', '0 2'],
      [61, 3, '0 ready, 1 ready, 2 ready', '0 1 2'],
    ])
  },
)

t.test('one that still answers keeps its targets however long it is not Ready', async () => {
  tell([
    [0, 2, '0 ready, 1 ready', '0 1'],
    [30, 2, '0 ready, 1 answers', '0 1'],
    [60, 2, '0 ready, 1 answers', '0 1'],
    [600, 2, '0 ready, 1 answers', '0 1'],
    [640, 2, '0 ready, 1 gone', '0 1'],
    [646, 2, '0 ready, 1 gone', '0'],
  ])
})

t.test('a pod that is replaced within the time keeps its place', async () => {
  tell([
    [0, 2, '0 ready, 1 ready', '0 1'],
    [5, 2, '0 gone, 1 ready', '0 1'],
    [30, 2, '0 silent, 1 ready', '0 1'],
    [40, 2, '0 ready, 1 ready', '0 1'],
  ])
})

t.test('scaling down takes the ordinal out at once', async () => {
  tell([
    [0, 4, '0 ready, 1 ready, 2 ready, 3 ready', '0 1 2 3'],
    [1, 2, '0 ready, 1 ready, 2 ready, 3 ready', '0 1'],
  ])
})

t.test('where nobody is left, targets stay where they are', async () => {
  tell([
    [0, 2, '0 ready, 1 ready', '0 1'],
    [46, 2, '0 silent, 1 silent', '0 1'],
    [900, 2, '0 silent, 1 silent', '0 1'],
    [901, 2, '0 silent, 1 ready', '1'],
  ])
})

t.test('a clock that is set back keeps nobody alive', async () => {
  tell([
    [100_000, 2, '0 ready, 1 ready', '0 1'],
    [0, 2, '0 ready, 1 silent', '0 1'],
    [46, 2, '0 ready, 1 silent', '0'],
  ])
})

t.test('targets wait until all collectors are there, but not for long', async (t) => {
  const cases: readonly (readonly [ready: number, replicas: number, ms: number, isGathering: boolean])[] = [
    [1, 3, 0, true],
    [2, 3, maxGatherMs - 1, true],
    [2, 3, maxGatherMs, false],
    [3, 3, 0, false],
    [4, 3, 0, false],
  ]
  for (const [ready, replicas, ms, expected] of cases) {
    const members = new Map(
      Array.from({ length: ready }, (_, ordinal) => [ordinal, { ordinal, isMember: true, lastAliveMs: 1 }]),
    )
    t.equal(isGathering(members, { replicas, sinceMs: 1000, nowMs: 1000 + ms }), expected)
  }
})
