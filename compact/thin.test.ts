import fc from 'fast-check'
import t from 'tap'
import { rowFlags } from '../block/rows.ts'
import { type ThinnableRows, thinnedRows } from './thin.ts'

const counter = [
  { type: 'alloc_space', unit: 'bytes' },
  { type: 'inuse_space', unit: 'bytes' },
]
const gauge = [{ type: 'goroutine', unit: 'count' }]
const cpu = [
  { type: 'samples', unit: 'count' },
  { type: 'cpu', unit: 'nanoseconds' },
]
const profile = rowFlags.body | rowFlags.columns

interface Drawn {
  readonly timeMs: number
  /** Of the container; "" where nobody knows. */
  readonly life?: string
  readonly flags?: number
}

function rowsOf(drawn: readonly Drawn[], sampleTypes = counter): ThinnableRows {
  const lives = ['', ...new Set(drawn.map(({ life = '' }) => life).filter((life) => life !== ''))]
  const known = { startTimeMs: 0, image: '', memoryLimitBytes: 0, cpuLimitMillicores: 0 }
  return {
    length: drawn.length,
    timeMs: Float64Array.from(drawn, ({ timeMs }) => timeMs),
    flags: Uint8Array.from(drawn, ({ flags = profile }) => flags),
    process: Uint32Array.from(drawn, ({ life = '' }) => lives.indexOf(life)),
    processes: lives.map((containerId) => ({ containerId, restartCount: 0, ...known })),
    sampleTypes,
  }
}

/** The times that keep their bodies. */
function kept(rows: ThinnableRows, keepEveryMs = 10): number[] {
  const thinned = thinnedRows(rows, { keepEveryMs, profileType: 'heap' })
  return [...rows.timeMs].filter((_, row) => thinned?.[row] !== 1)
}

const every3 = Array.from({ length: 10 }, (_, i) => ({ timeMs: i * 3 }))

t.test('thinnedRows() keeps the first of each window of gauges', async (t) => {
  t.strictSame(kept(rowsOf(every3, gauge)), [0, 12, 21])
  const lives = every3.map((row, i) => ({ ...row, life: i < 5 ? 'a' : 'b' }))
  t.strictSame(kept(rowsOf(lives, gauge)), [0, 12, 21], 'whatever process it is')
  t.equal(thinnedRows(rowsOf([], gauge), { keepEveryMs: 10, profileType: 'goroutine' }), undefined)
})

t.test('thinnedRows() keeps the ends of each life in each window of counters', async (t) => {
  t.strictSame(kept(rowsOf(every3)), [0, 9, 12, 18, 21, 27])
  const lives = every3.map((row, i) => ({ ...row, life: i < 6 ? 'a' : 'b' }))
  t.strictSame(kept(rowsOf(lives)), [0, 9, 12, 15, 18, 21, 27])
  const fell = every3.map((row, i) => ({ ...row, flags: profile | (i === 5 ? rowFlags.reset : 0) }))
  t.strictSame(kept(rowsOf(fell)), [0, 9, 12, 15, 18, 21, 27], 'known by its counter alone')
})

t.test('thinnedRows() leaves alone what it must', async (t) => {
  const kinds: [object[], string][] = [
    [cpu, 'cpu'],
    [counter, 'delta_heap'],
    [[{ type: 'whatever', unit: 'count' }], 'custom'],
    [[], 'heap'],
  ]
  for (const [sampleTypes, profileType] of kinds) {
    const rows = rowsOf(every3, sampleTypes as typeof cpu)
    t.equal(thinnedRows(rows, { keepEveryMs: 10, profileType }), undefined, profileType)
  }
  const strange = every3.map((row, i) => ({ ...row, flags: i === 1 ? rowFlags.body | rowFlags.bytes : 0 }))
  t.equal(thinnedRows(rowsOf(strange), { keepEveryMs: 10, profileType: 'heap' }), undefined)
})

/** What `query` answers for a counter: each life's last value less its first one, of those with a body. */
function gain(rows: ThinnableRows, values: readonly number[], range: { from: number; to: number }): number {
  let sum = 0
  let last: number | undefined
  let life = -1
  let value = 0
  for (let row = 0; row < rows.length; row++) {
    if ((rows.flags[row]! & profile) !== profile) continue
    if (rows.timeMs[row]! < range.from || rows.timeMs[row]! >= range.to) continue
    if (last !== undefined && life === rows.process[row]) sum += values[row]! - value
    else if (last !== undefined) sum += values[row]!
    last = row
    life = rows.process[row]!
    value = values[row]!
  }
  return sum
}

t.test(
  'thinnedRows() changes no difference of a counter between windows, and repeats are the same',
  async () => {
    const step = fc.record({
      gapMs: fc.integer({ min: 1, max: 12 }),
      grows: fc.nat(9),
      restarts: fc.nat(9).map((n) => n === 0),
      isFailure: fc.nat(9).map((n) => n === 0),
    })
    const drawing = fc.tuple(fc.array(step, { maxLength: 80 }), fc.nat(20), fc.nat(20))
    fc.assert(
      fc.property(drawing, ([steps, from, length]) => {
        let timeMs = 0
        let life = 0
        let value = 0
        const values: number[] = []
        const drawn = steps.map(({ gapMs, grows, restarts, isFailure }): Drawn => {
          timeMs += gapMs
          if (restarts) life++
          value = restarts ? grows : value + grows
          values.push(value)
          return { timeMs, life: `life ${life}`, flags: isFailure ? 0 : profile }
        })
        const rows = rowsOf(drawn)
        const thin = (before: ThinnableRows, keepEveryMs: number) => {
          const thinned = thinnedRows(before, { keepEveryMs, profileType: 'heap' })
          return {
            ...before,
            flags: before.flags.map((flag, row) => (thinned?.[row] ? rowFlags.thinned : flag)),
          }
        }
        const once = thin(rows, 10)
        const range = { from: from * 10, to: (from + length) * 10 }
        const [was, is] = [gain(rows, values, range), gain(once, values, range)]
        if (was !== is) throw new Error(`${range.from} to ${range.to}: was ${was}, is ${is}`)
        if (`${thin(once, 10).flags}` !== `${once.flags}`) throw new Error('a second time changes something')
        if (`${thin(once, 30).flags}` !== `${thin(rows, 30).flags}`)
          throw new Error('coarser is not the same')
      }),
      { numRuns: 2000 },
    )
  },
)
