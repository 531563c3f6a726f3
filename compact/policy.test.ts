import t from 'tap'
import { type Rows, rowFlags } from '../block/rows.ts'
import { parseSelector } from '../profile/selector.ts'
import { noRules, planRows, planSeries, type Rules, type SeriesPlan, youngestAgeMs } from './policy.ts'

const match = (text: string) => parseSelector(text)
const rules: Rules = {
  ...noRules,
  retention: [
    { match: match('{namespace="dev", app="kept"}'), ageMs: Number.POSITIVE_INFINITY },
    { match: match('{namespace="dev"}'), ageMs: 30 },
    { match: match('{}'), ageMs: 300 },
  ],
  thinning: [
    { match: match('{}'), keepEveryMs: 10, afterMs: 40 },
    { match: match('{namespace="shop"}'), keepEveryMs: 60, afterMs: 80 },
  ],
  maxAgeMs: 100,
  pins: [{ matchers: match('{namespace="shop"}'), startMs: 900, endMs: 950 }],
  erasures: [{ matchers: match('{user="1"}'), startMs: 0, endMs: 899 }],
}
const planAt = (labels: Record<string, string>, ageMs: number, isTooMuch = false) =>
  planSeries(labels, rules, { minTimeMs: 900, maxTimeMs: 1000, nowMs: 1000 + ageMs, isTooMuch })

t.test('planSeries() goes by the first rule that matches', async (t) => {
  t.equal(planAt({ namespace: 'dev' }, 30), undefined, 'not older than that')
  t.match(planAt({ namespace: 'dev' }, 31), { dropped: 'selector', overdueMs: 1 })
  t.match(planAt({ namespace: 'dev', app: 'kept' }, 9999), { dropped: undefined, keepEveryMs: 10 })
  t.match(planAt({ namespace: 'web' }, 299), { dropped: undefined })
  t.match(planAt({ namespace: 'web' }, 301), { dropped: 'selector' }, 'not the age of all others')
  const none = planSeries({}, { ...noRules, maxAgeMs: 100 }, { minTimeMs: 0, maxTimeMs: 0, nowMs: 101 })
  t.match(none, { dropped: 'time', overdueMs: 1 })
})

t.test('planSeries() knows what thins, pins and erases', async (t) => {
  t.match(planAt({ namespace: 'shop' }, 50), { keepEveryMs: 10, overdueMs: 10, pins: [{ startMs: 900 }] })
  t.match(planAt({ namespace: 'shop' }, 90), { keepEveryMs: 60 })
  t.match(planAt({ namespace: 'web' }, 10, true), { dropped: 'size', overdueMs: 0, pins: [] })
  t.equal(planAt({ user: '1' }, 10), undefined, 'the erasure ends before the block begins')
  const early = planSeries({ user: '1' }, rules, { minTimeMs: 899, maxTimeMs: 1000, nowMs: 1000 })
  t.match(early, { dropped: undefined, erasures: [{ endMs: 899 }] })
  t.equal(youngestAgeMs(rules), 30)
  t.equal(youngestAgeMs(noRules), Number.POSITIVE_INFINITY)
})

t.test('planRows() lets rows of equal times fare alike', async (t) => {
  const profile = rowFlags.body | rowFlags.columns
  const drawn: [number, number][] = [
    [0, profile],
    [1, 0],
    [1, profile],
    [12, profile],
    [12, profile],
    [13, profile],
  ]
  const rows = {
    length: drawn.length,
    timeMs: Float64Array.from(drawn, ([timeMs]) => timeMs),
    flags: Uint8Array.from(drawn, ([, flags]) => flags),
    process: new Uint32Array(drawn.length),
    processes: [],
    sampleTypes: [{ type: 'goroutine', unit: 'count' }],
  } as unknown as Rows
  const plan: SeriesPlan = { dropped: undefined, keepEveryMs: 10, pins: [], erasures: [], overdueMs: 1 }
  const fates = (more: Partial<SeriesPlan>) => [...planRows(rows, { ...plan, ...more }, {})]
  t.strictSame(fates({}), [0, 1, 1, 0, 0, 1], 'a failure goes with the profile beside it')
  t.strictSame(fates({ pins: [{ matchers: [], startMs: 1, endMs: 12 }] }), [0, 0, 0, 0, 0, 1])
  t.strictSame(fates({ dropped: 'time', pins: [{ matchers: [], startMs: 1, endMs: 2 }] }), [2, 0, 0, 2, 2, 2])
  const erasures = [{ matchers: [], startMs: 0, endMs: 1 }]
  t.strictSame(fates({ erasures, pins: erasures }), [3, 3, 3, 0, 0, 1], 'erasing goes before')
})
