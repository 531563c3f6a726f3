import t from 'tap'
import type { ProcessIdentity } from '../block/attempt.ts'
import { type Rows, rowFlags } from '../block/rows.ts'
import type { Aggregation } from './api/types.ts'
import { profileValues, type RowRef, stepValues } from './series-values.ts'

const steps = { startMs: 0, stepMs: 60_000, count: 10 }

t.test('stepValues() averages gauges', async (t) => {
  // A process that holds 100 for the first half of each minute and 300 for the second.
  const refs = rowsOf({ type: 'inuse_space', rows: everySeconds(30, 240, (s) => (s % 60 === 0 ? 100 : 300)) })
  t.strictSame(draw(refs, 'inuse_space', 'avg'), ['0s 200', '60s 200', '120s 200', '180s 200'])
  t.strictSame(draw(refs, 'inuse_space', 'max'), ['0s 300', '60s 300', '120s 300', '180s 300'])
  t.strictSame(draw(refs, 'inuse_space', 'last'), ['0s 300', '60s 300', '120s 300', '180s 300'])
  t.strictSame(draw(refs, 'inuse_space', 'sum'), ['0s 400', '60s 400', '120s 400', '180s 400'])
  t.strictSame(
    draw(
      rowsOf({
        type: 'goroutine',
        rows: [
          [0, 1],
          [1, 2],
        ],
      }),
      'goroutine',
      'avg',
    ),
    ['0s 2'],
    'rounds',
  )
})

t.test('stepValues() leaves gaps empty', async (t) => {
  const refs = rowsOf({
    type: 'inuse_space',
    rows: [
      [0, 5],
      [200, 7],
    ],
  })
  t.strictSame(draw(refs, 'inuse_space', 'avg'), ['0s 5', '180s 7'])
})

t.test('stepValues() differences counters per process life', async (t) => {
  // Allocates 10 a second; restarted at 90 s and at 215 s, scraped every 20 s: what a dead process did after its
  // last profile is lost, and so are its seconds, so the rate is 10 throughout.
  const lives = [0, 90, 215]
  const lifeAt = (s: number) => lives.findLastIndex((startedAt) => s >= startedAt)
  const points = everySeconds(20, 300, (s) => (s - lives[lifeAt(s)]!) * 10).map(
    ([s, value]): Point => [s, value, lifeAt(s)],
  )
  const processes = lives.map((startedAt, life) => ({
    ...processOf(life),
    startTimeMs: 1 + startedAt * 1000,
  }))
  t.strictSame(
    draw(rowsOf({ type: 'alloc_space', rows: points, processes }), 'alloc_space', 'delta', true).map((line) =>
      line.replace(/\.\d+s/, 's'),
    ),
    ['0s 400 in 40s', '60s 500 in 49s', '120s 600 in 60s', '180s 450 in 44s', '240s 600 in 60s'],
  )
  // Without an identity the fall of the total tells, and the seconds are those since the profile before.
  const unknown = rowsOf({ type: 'alloc_space', rows: points.map(([s, value]) => [s, value]) })
  t.strictSame(draw(unknown, 'alloc_space', 'delta', true), [
    '0s 400 in 40s',
    '60s 500 in 60s',
    '120s 600 in 60s',
    '180s 450 in 60s',
    '240s 600 in 60s',
  ])
})

t.test('stepValues() counts from 0 a process that began inside the range', async (t) => {
  const process = { ...processOf(0), startTimeMs: 5000 }
  const refs = rowsOf({
    type: 'alloc_space',
    rows: [
      [10, 50, 0],
      [20, 150, 0],
    ],
    processes: [process],
  })
  t.strictSame(draw(refs, 'alloc_space', 'delta', true), ['0s 150 in 15s'])
})

t.test('stepValues() sees a restart that the total hides', async (t) => {
  // 50 to 100, then 900 to 950 of another process.
  const processes = [processOf(0), processOf(1)]
  const rows: [number, number, number?][] = [
    [0, 50, 0],
    [20, 100, 0],
    [40, 900, 1],
    [50, 950, 1],
  ]
  t.strictSame(draw(rowsOf({ type: 'alloc_space', rows, processes }), 'alloc_space', 'delta'), ['0s 1000'])
  const flagged = rowsOf({ type: 'alloc_space', rows: rows.map(([s, v]) => [s, v]) })
  flagged[2]!.rows.flags[2]! |= rowFlags.reset
  t.strictSame(draw(flagged, 'alloc_space', 'delta'), ['0s 1000'])
})

t.test('stepValues() adds durations with the seconds they cover', async (t) => {
  // 2 cores busy, seen 10 s of every 60.
  const refs = rowsOf({ type: 'cpu', coveredMs: 10_000, rows: everySeconds(60, 180, () => 20_000_000_000) })
  t.strictSame(draw(refs, 'cpu', 'sum', true), [
    '0s 20000000000 in 10s',
    '60s 20000000000 in 10s',
    '120s 20000000000 in 10s',
  ])
})

t.test('values stay exact beyond 2^53', async (t) => {
  const wide = 2n ** 62n + 1n
  const refs = rowsOf({
    type: 'alloc_space',
    rows: [
      [0, 1n],
      [10, wide],
      [20, wide + 2n],
    ],
  })
  t.strictSame(draw(refs, 'alloc_space', 'delta'), [`0s ${wide + 1n}`])
  t.strictSame(draw(refs, 'alloc_space', 'max'), [`0s ${wide + 2n}`])
  t.strictSame(draw(refs, 'alloc_space', 'avg'), [`0s ${(2n * wide + 3n + 1n) / 3n}`])
  t.strictSame(profileValues(refs, 'alloc_space').values, ['1', String(wide), String(wide + 2n)])
  const nearly = Number.MAX_SAFE_INTEGER
  const doubles = rowsOf({
    type: 'cpu',
    rows: [
      [0, nearly],
      [1, nearly],
      [2, nearly],
    ],
  })
  t.strictSame(draw(doubles, 'cpu', 'sum'), [`0s ${3n * BigInt(nearly)}`])
})

t.test('rows without columns or without the type have no value', async (t) => {
  const refs = rowsOf({
    type: 'cpu',
    rows: [
      [0, 1],
      [10, 2],
    ],
  })
  refs[0]!.rows.flags[0] = 0
  t.strictSame(profileValues(refs, 'cpu').timeMs, [10_000])
  t.strictSame(profileValues(refs, 'samples').timeMs, [])
})

type Point = [seconds: number, value: number | bigint, process?: number]

function everySeconds(interval: number, end: number, value: (seconds: number) => number): Point[] {
  return Array.from({ length: end / interval }, (_, index) => [index * interval, value(index * interval)])
}

function draw(refs: readonly RowRef[], type: string, agg: Aggregation, withCovered = false): string[] {
  const { timeMs, values, coveredSeconds } = stepValues(refs, type, { steps, agg })
  return timeMs.map((ms, i) => `${ms / 1000}s ${values[i]}${withCovered ? ` in ${coveredSeconds[i]}s` : ''}`)
}

function processOf(restartCount: number): ProcessIdentity {
  return {
    containerId: 'c',
    restartCount,
    startTimeMs: 0,
    image: '',
    memoryLimitBytes: 0,
    cpuLimitMillicores: 0,
  }
}

function rowsOf(made: {
  readonly type: string
  readonly rows: readonly Point[]
  readonly coveredMs?: number
  readonly processes?: readonly ProcessIdentity[]
}): RowRef[] {
  const { length } = made.rows
  const isWide = made.rows.some(([, value]) => typeof value === 'bigint')
  const rows: Rows = {
    length,
    timeMs: Float64Array.from(made.rows, ([seconds]) => seconds * 1000),
    durationMs: new Float64Array(length),
    coveredMs: new Float64Array(length).fill(made.coveredMs ?? 0),
    health: new Uint8Array(length),
    httpStatus: new Uint16Array(length),
    flags: new Uint8Array(length).fill(rowFlags.body | rowFlags.columns),
    sizeBytes: new Float64Array(length),
    writer: new Uint32Array(length),
    seq: Float64Array.from({ length }, (_, seq) => seq),
    writers: ['w'],
    process: Uint32Array.from(made.rows, ([, , process]) => (process === undefined ? 0 : process + 1)),
    processes: [{ ...processOf(0), containerId: '' }, ...(made.processes ?? [])],
    sampleTypes: [{ type: made.type, unit: 'count' }],
    defaultSampleType: 0,
    totals: [
      isWide
        ? BigInt64Array.from(made.rows, ([, value]) => BigInt(value))
        : Float64Array.from(made.rows, ([, value]) => Number(value)),
    ],
  }
  return made.rows.map((_, row) => ({ rows, row }))
}
