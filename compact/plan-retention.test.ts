import t from 'tap'
import { formatBlockKey } from '../block/block-key.ts'
import { parseSelector } from '../profile/selector.ts'
import type { BlockPlan } from './plan-block.ts'
import { planRetention, type RetentionLimits } from './plan-retention.ts'
import { type BlockAge, noRules, type Rules } from './policy.ts'
import type { StoredBlock } from './stored-blocks.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const nowMs = Date.UTC(2026, 10, 23, 12)

function stored(ageHours: number, more: Partial<StoredBlock> = {}): StoredBlock {
  const maxTimeMs = nowMs - ageHours * hourMs
  const block = { minTimeMs: maxTimeMs - hourMs, maxTimeMs, level: 1, ...more }
  const key = formatBlockKey({ ...block, id: String(ageHours).padStart(16, '0') })
  return { sizeBytes: 100, modifiedMs: nowMs, isDeleted: false, ...block, key }
}

interface Asked {
  readonly limits?: RetentionLimits
  readonly rules?: Partial<Rules>
  /** What a look into a block finds, by its age in hours. */
  readonly inside?: (ageHours: number, about: BlockAge) => Partial<BlockPlan> | undefined
}

async function planned(blocks: readonly StoredBlock[], { limits = {}, rules = {}, inside }: Asked) {
  const ageOf = ({ maxTimeMs }: { readonly maxTimeMs: number }) => (nowMs - maxTimeMs) / hourMs
  const looked: number[] = []
  const plan = await planRetention(blocks, {
    limits,
    rules: { ...noRules, maxAgeMs: limits.maxAgeMs ?? Number.POSITIVE_INFINITY, ...rules },
    nowMs,
    plan: async (block, about) => {
      looked.push(ageOf(block))
      const found = inside?.(ageOf(block), about)
      if (found === undefined) return undefined
      const whole: BlockPlan = {
        ...{ action: 'rewrite', reason: 'selector', goneProfiles: 1, goneBytes: 40, overdueMs: 0 },
        policy: () => undefined,
      }
      return { ...whole, ...found }
    },
  })
  const doomed = plan.doomed.map(({ block, action, reason }) => [ageOf(block), action, reason])
  return { ...plan, doomed, looked }
}

t.test('planRetention() takes the oldest first, by age and by size, never the newest', async (t) => {
  const blocks = [stored(1), stored(50), stored(10), stored(3), stored(30)]
  const ages = async (limits: RetentionLimits) => {
    const { doomed, looked } = await planned(blocks, { limits })
    t.strictSame(looked, [], 'times are enough')
    return doomed.map(([age, , reason]) => `${age} ${reason}`)
  }
  t.strictSame(await ages({}), [])
  t.strictSame(await ages({ maxAgeMs: 30 * hourMs }), ['50 time'], 'at the limit is not over it')
  t.strictSame(await ages({ maxBytes: 500 }), [])
  t.strictSame(await ages({ maxBytes: 250 }), ['50 size', '30 size', '10 size'])
  t.strictSame(await ages({ maxAgeMs: 40 * hourMs, maxBytes: 399 }), ['50 time', '30 size'])
  t.strictSame(await ages({ maxBytes: 0 }), ['50 size', '30 size', '10 size', '3 size'])
})

t.test('planRetention() takes what is covered before what covers it, and no deleted one', async (t) => {
  const whole = stored(50, { level: 2, minTimeMs: nowMs - 60 * hourMs })
  const blocks = [whole, stored(50), stored(52), stored(90, { isDeleted: true })]
  const { doomed, liveBytes } = await planned(blocks, { limits: { maxBytes: 100 } })
  t.strictSame(doomed, [
    [52, 'delete', 'size'],
    [50, 'delete', 'size'],
  ])
  t.equal(liveBytes, 300)
})

t.test('planRetention() looks into blocks only where that may change something', async (t) => {
  const match = parseSelector('{namespace="dev"}')
  const rules = { retention: [{ match, ageMs: 24 * hourMs }] }
  const blocks = [stored(100), stored(200), stored(30), stored(10)]
  const dev = await planned(blocks, { limits: { maxAgeMs: 150 * hourMs }, rules, inside: () => ({}) })
  t.strictSame(dev.looked, [100, 30])
  t.strictSame(dev.doomed, [
    [200, 'delete', 'time'],
    [100, 'rewrite', 'selector'],
    [30, 'rewrite', 'selector'],
  ])
  const pins = [{ matchers: match, startMs: nowMs - 200 * hourMs, endMs: nowMs - 190 * hourMs }]
  const pinned = await planned(blocks, { limits: { maxAgeMs: 150 * hourMs }, rules: { pins } })
  t.strictSame([pinned.looked, pinned.doomed], [[200], []])
})

t.test('planRetention() counts a part that is gone already when it makes room', async (t) => {
  const rules = { retention: [{ match: [], ageMs: 24 * hourMs }], maxAgeMs: Number.POSITIVE_INFINITY }
  const inside: Asked['inside'] = (_, { isTooMuch }) =>
    isTooMuch ? { action: 'delete', reason: 'size', goneBytes: 100 } : { goneBytes: 40 }
  // Of no rule for all of a block is anything known from outside.
  const pins = [{ matchers: [], startMs: 0, endMs: nowMs }]
  const asked = { rules: { ...rules, pins }, inside }
  const { doomed } = await planned([stored(50), stored(40), stored(30)], {
    ...asked,
    limits: { maxBytes: 120 },
  })
  t.strictSame(doomed, [
    [50, 'delete', 'size'],
    [40, 'rewrite', 'selector'],
    [30, 'rewrite', 'selector'],
  ])
})

t.test(
  'planRetention() is surprised by what is long overdue, and by what is far beyond the size',
  async (t) => {
    const days = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((day) => stored(day * 24 + 12))
    const surprise = async (asked: Asked) => (await planned(days, asked)).surprisingBytes
    t.equal(await surprise({ limits: { maxAgeMs: 9 * dayMs } }), 0, 'a day went by')
    t.equal(await surprise({ limits: { maxAgeMs: 4 * dayMs } }), 500, 'somebody changed the limit')
    t.equal(await surprise({ limits: { maxBytes: 950 } }), 50, 'a block more than there is room for')
    t.equal(await surprise({ limits: { maxBytes: 300 } }), 700)
    const thinning = [{ match: [], keepEveryMs: hourMs, afterMs: dayMs }]
    const inside: Asked['inside'] = (ageHours) => ({
      reason: 'thinned',
      overdueMs: ageHours * hourMs - dayMs,
    })
    t.equal(await surprise({ rules: { thinning }, inside }), 320, '40 of each that is more than a day over')
  },
)
