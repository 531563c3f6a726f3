import t from 'tap'
import { formatBlockKey } from '../block/block-key.ts'
import { wholePartition } from '../block/partition.ts'
import type { PlacedBlock } from './placed-block.ts'
import { dayMs, defaultLimits, type Job, type PlanOptions, planJobs } from './plan.ts'

const day = Date.UTC(2026, 10, 23)
const minute = 60_000
const hour = 60 * minute
const mib = 1024 ** 2

let made = 0

interface Drawn {
  /** Minutes of the day. */
  readonly from: number
  readonly to?: number
  readonly level?: number
  readonly sizeBytes?: number
  readonly modifiedMs?: number
  readonly partition?: readonly [first: number, last: number]
}

function block(drawn: Drawn): PlacedBlock {
  const { from, to = from + 29, level = 1, sizeBytes = mib, partition } = drawn
  const minTimeMs = day + from * minute
  const maxTimeMs = day + to * minute
  const id = (++made).toString(16).padStart(16, '0')
  return {
    key: formatBlockKey({ minTimeMs, maxTimeMs, level, id }),
    ...{ minTimeMs, maxTimeMs, level, sizeBytes },
    modifiedMs: drawn.modifiedMs ?? maxTimeMs,
    isDeleted: false,
    covered: [{ writer: 'w', intervals: [{ first: made, last: made }] }],
    partition: partition === undefined ? wholePartition : { first: partition[0], last: partition[1] },
  }
}

/** What collectors cut in these minutes, half an hour each. */
function cut(from: number, to: number, collectors = 1): PlacedBlock[] {
  const starts = Array.from({ length: (to - from) / 30 }, (_, i) => from + i * 30)
  return starts.flatMap((start) => Array.from({ length: collectors }, () => block({ from: start })))
}

function plan(blocks: readonly PlacedBlock[], nowMinutes: number, options: Partial<PlanOptions> = {}) {
  return planJobs(blocks, {
    nowMs: day + nowMinutes * minute,
    graceMs: 45 * minute,
    quietMs: 10 * minute,
    ...defaultLimits,
    ...options,
  })
}

function draw({ kind, level, startMs, endMs, sources }: Job): string {
  return `${kind} ${level} ${(startMs - day) / hour}-${(endMs - day) / hour}: ${sources.length}`
}

t.test('planJobs() merges what collectors cut in two hours, once that is over', (t) => {
  const blocks = cut(0, 240, 3)
  t.same(plan(blocks, 164), [], 'blocks may still come')
  t.same(plan(blocks, 165).map(draw), ['window 2 0-2: 12'])
  t.same(plan(blocks, 24 * 60).map(draw), ['window 2 0-2: 12', 'window 2 2-4: 12'])
  t.same(plan(blocks.slice(0, 1), 165), [], 'one alone is left for the day')
  const arrived = blocks.with(3, { ...blocks[3]!, modifiedMs: day + 160 * minute })
  t.same(plan(arrived, 165), [], 'one has just come, so more may')
  t.same(plan(arrived, 170).map(draw), ['window 2 0-2: 12'])
  t.same(
    plan(arrived, 165, { maxJobSources: 12 }).map(draw),
    ['window 2 0-2: 12'],
    'a full job waits for nothing',
  )
  t.end()
})

t.test('planJobs() merges a day once it is over', (t) => {
  const windows = Array.from({ length: 12 }, (_, i) => block({ from: i * 120, to: i * 120 + 119, level: 2 }))
  const late = block({ from: 1200 })
  t.same(plan([...windows, late], 24 * 60 + 44), [])
  t.same(plan([...windows, late], 24 * 60 + 45).map(draw), ['day 3 0-24: 13'])
  t.same(plan(windows.slice(0, 1), 24 * 60 + 45), [])
  const cuts = cut(0, 1440)
  t.same(plan(cuts, 24 * 60 + 45).map(draw), ['day 3 0-24: 48'], 'in one step where that is one job')
  const many = plan(cut(0, 1440, 2), 24 * 60 + 45).map(draw)
  t.equal(many.length, 12)
  t.equal(many[0], 'window 2 0-2: 8', 'else by windows first')
  const tomorrow = cut(0, 60).map((each) => {
    const minTimeMs = each.minTimeMs + dayMs
    const maxTimeMs = each.maxTimeMs + dayMs
    return { ...each, minTimeMs, maxTimeMs, modifiedMs: maxTimeMs }
  })
  const both = plan([...tomorrow, ...windows], 24 * 60 + 165).map(draw)
  t.same(both, ['day 3 0-24: 12', 'window 2 24-26: 2'], 'never across midnight')
  const odd = block({ from: 1430, to: 1445 })
  t.same(plan([odd, block({ from: 1400 })], 48 * 60), [], 'one of two days stays as it is')
  t.end()
})

t.test('planJobs() leaves the large blocks of a day to what comes late', (t) => {
  const later = 3 * 24 * 60
  const large = block({ from: 0, to: 1439, level: 3, sizeBytes: 400 * mib })
  t.same(plan([large, block({ from: 600 })], later), [], 'a straggler')
  const few = plan([large, ...cut(600, 900)], later)
  t.same(few.map(draw), ['day 3 0-24: 10'], 'several are merged among themselves')
  t.notOk(few[0]!.sources.includes(large))
  const half = block({ from: 600, to: 899, level: 3, sizeBytes: 99 * mib })
  t.same(plan([large, half], later), [], 'less than a quarter')
  t.same(plan([large, { ...half, sizeBytes: 100 * mib }], later).map(draw), ['late 4 0-24: 2'])
  t.same(
    plan([large, half, block({ from: 0, level: 3, sizeBytes: 30 * mib })], later).map(draw),
    ['late 4 0-24: 3'],
    'small ones count together',
  )
  const full = { ...large, sizeBytes: 600 * mib }
  t.same(plan([full, { ...full, key: block({ from: 0 }).key }], later), [], 'what is full already')
  const parts = [
    block({ from: 0, level: 3, partition: [0, 99] }),
    block({ from: 0, level: 3, partition: [100, 200] }),
  ]
  t.same(plan(parts, later), [], 'parts of one compaction')
  t.same(
    plan([...parts, block({ from: 0, level: 3 })], later).map(draw),
    ['late 4 0-24: 3'],
    'with what overlaps them',
  )
  t.end()
})

t.test('planJobs() cuts what is too much for one job', (t) => {
  const by = (options: Partial<PlanOptions>) =>
    plan(cut(0, 120, 5), 165, options).map(({ sources, sizeBytes }) => `${sources.length} ${sizeBytes / mib}`)
  t.same(by({ maxJobSources: 8 }), ['7 7', '7 7', '6 6'], 'about equally')
  t.same(by({ maxJobBytes: 10 * mib }), ['10 10', '10 10'])
  t.same(by({ maxJobBytes: mib }), [], 'a job of one gains nothing')
  const jobs = plan(cut(0, 120, 5), 165, { maxJobSources: 8 })
  const keys = jobs.flatMap(({ sources }) => sources.map(({ key }) => key))
  t.equal(new Set(keys).size, 20, 'no block twice')
  t.same(keys, keys.toSorted(), 'by time')
  t.end()
})

t.test('planJobs() comes to an end', (t) => {
  // Whatever jobs make: half of the bytes, as one block, or as parts.
  for (const parts of [1, 3]) {
    let blocks = [...cut(0, 1440, 7), ...cut(300, 360, 3)]
    const split = Array.from({ length: parts }, (_, i) => [i * 100, i * 100 + 99] as const)
    let rounds = 0
    for (; rounds < 50; rounds++) {
      const jobs = plan(blocks, 10 * 24 * 60, { maxJobSources: 20, maxJobBytes: 100 * mib })
      if (jobs.length === 0) break
      const gone = new Set(jobs.flatMap(({ sources }) => sources))
      const outputs = jobs.flatMap(({ level, sizeBytes, sources }) => {
        const held = split.filter(([first, last]) =>
          sources.some(({ partition }) => partition.first <= last && first <= partition.last),
        )
        const part = { from: 0, to: 1439, level, sizeBytes: sizeBytes / 2 / held.length }
        return held.map((partition) => block({ ...part, ...(parts > 1 && { partition }) }))
      })
      blocks = [...blocks.filter((each) => !gone.has(each)), ...outputs]
    }
    t.ok(rounds < 10, `${parts} parts: ${rounds} rounds`)
    t.ok(blocks.length <= 4 * parts, `${blocks.length} blocks`)
  }
  t.end()
})
