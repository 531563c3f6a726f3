import t from 'tap'
import { type MadeRow, madeRows } from '../../test/support/made-rows.ts'
import type { KindAnswer } from '../api/types.ts'
import { type Span, spansOf } from './covered-rates.ts'
import { GroupLevels } from './group-levels.ts'

const nanosPerMs = 1e6

/** A process that burns so many cores, profiled for `seconds` of every `everySeconds`. */
function burning(
  cores: number,
  {
    from = 0,
    to,
    everySeconds,
    seconds,
  }: Record<'to' | 'everySeconds' | 'seconds', number> & { from?: number },
): Span[] {
  const rows: MadeRow[] = []
  for (let at = from * 1000; at < to * 1000; at += everySeconds * 1000)
    rows.push({ at, total: cores * seconds * 1e9, coveredMs: seconds * 1000 })
  return spans('cpu', 'duration', rows)
}

function spans(type: string, kind: KindAnswer, rows: readonly MadeRow[], startMs = 0): Span[] {
  return spansOf(madeRows(type, rows), type, { kind, startMs })
}

function levels(
  series: readonly (readonly Span[])[],
  { from = 0, stepSeconds, count }: { from?: number; stepSeconds: number; count: number },
  isAverage = false,
): number[] {
  const group = new GroupLevels({ startMs: from * 1000, stepMs: stepSeconds * 1000, count }, { isAverage })
  for (const each of series) group.add(each)
  return [...group.levels()].map((level) => Math.round(level * 1e6) / 1e6)
}

t.test('one core is one core, whatever the step, the interval and the seconds', async (t) => {
  for (const [everySeconds, seconds] of [
    [15, 10],
    [60, 10],
    [60, 1],
    [10, 10],
    [37, 5],
    [120, 30],
  ] as const) {
    const one = burning(1, { to: 1800, everySeconds, seconds })
    for (const stepSeconds of [15, 60, 300]) {
      const count = 1500 / stepSeconds
      t.strictSame(
        levels([one], { stepSeconds, count }),
        new Array(count).fill(nanosPerMs),
        `${seconds} s of every ${everySeconds} s, steps of ${stepSeconds} s`,
      )
    }
  }
})

t.test('processes add up, however they lie to each other', async (t) => {
  const two = burning(2, { to: 900, everySeconds: 60, seconds: 10 })
  const half = burning(0.5, { from: 23, to: 900, everySeconds: 30, seconds: 5 })
  t.strictSame(
    levels([two, half], { from: 60, stepSeconds: 60, count: 5 }),
    new Array(5).fill(2.5 * nanosPerMs),
  )
  t.strictSame(
    levels([two, half], { from: 60, stepSeconds: 60, count: 5 }, true),
    new Array(5).fill(1.25 * nanosPerMs),
    'on average one of them burns the half of it',
  )
})

t.test('a process that takes the place of another within a step does not count twice', async (t) => {
  const old = burning(1, { to: 450, everySeconds: 30, seconds: 10 })
  const young = burning(1, { from: 450, to: 900, everySeconds: 30, seconds: 10 })
  t.strictSame(levels([old, young], { stepSeconds: 300, count: 3 }), new Array(3).fill(nanosPerMs))
})

t.test('what several know of parts of a step is known once', async (t) => {
  const part = (from: number, to: number, level: number): Span[] => [
    { fromMs: from, toMs: to, level, value: 0, ref: madeRows('cpu', [{ at: from }])[0]! },
  ]
  const parts = [part(0, 3000, 1), part(2000, 5000, 1), part(8000, 9000, 4)]
  t.strictSame(
    levels(parts, { stepSeconds: 10, count: 1 }),
    [Math.round((10_000 / 6000) * 1e6) / 1e6],
    'over the six seconds that are known',
  )
  t.strictSame(levels(parts, { stepSeconds: 10, count: 1 }, true), [Math.round((10_000 / 7000) * 1e6) / 1e6])
  t.strictSame(levels([...parts, part(0, 10_000, 1)], { stepSeconds: 10, count: 1 }), [2])
  t.strictSame(levels([part(0, 10_000, 1), ...parts], { stepSeconds: 10, count: 1 }), [2])
})

t.test('a step of which nothing is known has no level', async (t) => {
  const rows: MadeRow[] = [0, 10, 20, 200, 210].map((second) => ({
    at: second * 1000,
    total: 5e9,
    coveredMs: 5000,
  }))
  t.strictSame(levels([spans('cpu', 'duration', rows)], { stepSeconds: 50, count: 5 }), [
    nanosPerMs,
    Number.NaN,
    Number.NaN,
    Number.NaN,
    nanosPerMs,
  ])
  t.strictSame(levels([], { stepSeconds: 50, count: 1 }), [Number.NaN])
})

t.test('one missed profile is no gap, an attempt that failed is none', async (t) => {
  const rows: MadeRow[] = [
    { at: 0, total: 100 },
    { at: 10_000, total: 100 },
    { at: 20_000 },
    { at: 30_000, total: 300 },
  ]
  t.strictSame(
    levels([spans('goroutine', 'gauge', rows)], { stepSeconds: 10, count: 4 }),
    [100, 100, 100, 300],
  )
})

t.test('gauges are averaged over time', async (t) => {
  const rows: MadeRow[] = [
    { at: 0, total: 100 },
    { at: 30_000, total: 300 },
    { at: 60_000, total: 300 },
  ]
  t.strictSame(levels([spans('inuse_space', 'gauge', rows)], { stepSeconds: 60, count: 1 }), [200])
  t.strictSame(
    levels([spans('inuse_space', 'gauge', [{ at: 10_000, total: 7 }])], { stepSeconds: 60, count: 2 }),
    [7, 7],
    'one profile stands for a minute',
  )
})

t.test('counters say what happened between two profiles', async (t) => {
  const rows: MadeRow[] = [
    { at: 0, total: 1000 },
    { at: 60_000, total: 7000 },
    { at: 120_000, total: 7000 },
  ]
  t.strictSame(
    levels([spans('alloc_space', 'counter', rows)], { stepSeconds: 30, count: 4 }),
    [0.1, 0.1, 0, 0],
  )
})

t.test('a process that began has counted from 0', async (t) => {
  const process = (restartCount: number, startTimeMs: number) => ({
    containerId: 'c',
    restartCount,
    startTimeMs,
  })
  const rows: MadeRow[] = [
    { at: 100_000, total: 9000, process: process(0, 10_000) },
    { at: 200_000, total: 500, process: process(1, 150_000) },
  ]
  t.strictSame(
    levels([spans('alloc_space', 'counter', rows)], { stepSeconds: 50, count: 4 }),
    [0.1, 0.1, Number.NaN, 0.01],
    'since it began, and nothing is known of the old one after its last profile',
  )
  t.strictSame(
    levels([spans('alloc_space', 'counter', rows, 20_000)], { from: 50, stepSeconds: 50, count: 1 }),
    [Number.NaN],
    'when the first of them began before, it is not known since when it counts',
  )
})

t.test('values beyond what a double holds are differenced exactly', async (t) => {
  const big = 2n ** 60n
  const rows: MadeRow[] = [
    { at: 0, total: big },
    { at: 1000, total: big + 5000n },
  ]
  t.strictSame(levels([spans('alloc_space', 'counter', rows)], { stepSeconds: 1, count: 1 }), [5])
})
