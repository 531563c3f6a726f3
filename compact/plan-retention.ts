import { mapConcurrently } from '../lib/map-concurrently.ts'
import type { BlockPlan } from './plan-block.ts'
import { type BlockAge, type DeletionReason, type Rules, youngestAgeMs } from './policy.ts'
import { maySelect } from './selection.ts'
import type { StoredBlock } from './stored-blocks.ts'

export interface RetentionLimits {
  /** `--storage.retention.time`: series that no rule is for go once they are older. */
  readonly maxAgeMs?: number
  /** `--storage.retention.size`: the oldest blocks go until all of them are at most this large. */
  readonly maxBytes?: number
  /** Blocks whose last profile is younger are never deleted for size; 2 h without it. */
  readonly minAgeMs?: number
}

/** A block of which something is to go. */
export interface Doomed extends Pick<BlockPlan, 'action' | 'reason' | 'goneBytes' | 'overdueMs'> {
  readonly block: StoredBlock
  /** By which it is. What becomes of its rows is looked up again when it is rewritten: of all blocks that is too much. */
  readonly age: BlockAge
}

export interface RetentionPlan {
  /** Oldest first. */
  readonly doomed: readonly Doomed[]
  /** Of all blocks that are not deleted. */
  readonly liveBytes: number
  /** Of them what is more than a day's progress explains: should it be much, somebody has to say that it is meant. */
  readonly surprisingBytes: number
}

export interface RetentionPlanOptions {
  readonly rules: Rules
  readonly limits: RetentionLimits
  readonly nowMs: number
  /** Looks into a block. */
  readonly plan: (block: StoredBlock, about: BlockAge) => Promise<BlockPlan | undefined>
}

/**
 * What is to go now: first what is too old, each series by the rule it has, then the oldest while there is too much.
 * Blocks are looked into where their times alone do not decide.
 */
export async function planRetention(
  blocks: readonly StoredBlock[],
  options: RetentionPlanOptions,
): Promise<RetentionPlan> {
  const { limits, rules, nowMs } = options
  const live = blocks.filter(({ isDeleted }) => !isDeleted).sort(compareAges)
  const liveBytes = live.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const doomed = new Map<string, Doomed>()
  let leftBytes = liveBytes
  const old = live.filter(({ maxTimeMs }) => nowMs - maxTimeMs > youngestAgeMs(rules))
  for (const found of await mapConcurrently(old, maxConcurrentLooks, (block) => planOne(block, options))) {
    if (found === undefined) continue
    doomed.set(found.block.key, found)
    leftBytes -= found.goneBytes
  }
  const { maxBytes = Number.POSITIVE_INFINITY, minAgeMs = 2 * 3_600_000 } = limits
  const excessBytes = Math.max(0, leftBytes - maxBytes)
  for (const block of live) {
    if (leftBytes <= maxBytes) break
    const before = doomed.get(block.key)
    if (nowMs - block.maxTimeMs < minAgeMs || before?.action === 'delete') continue
    const found = await planOne(block, { ...options, isTooMuch: true })
    if (found === undefined) continue
    doomed.set(block.key, found)
    leftBytes -= found.goneBytes - (before?.goneBytes ?? 0)
  }
  const all = live.flatMap(({ key }) => doomed.get(key) ?? [])
  const overdue = all.filter(({ reason, overdueMs }) => reason !== 'size' && overdueMs > progressMs)
  const surprisingBytes = overdue.reduce((sum, { goneBytes }) => sum + goneBytes, excessBytes)
  return { doomed: all, liveBytes, surprisingBytes }
}

async function planOne(
  block: StoredBlock,
  { rules, nowMs, plan, isTooMuch = false }: RetentionPlanOptions & { readonly isTooMuch?: boolean },
): Promise<Doomed | undefined> {
  const age: BlockAge = { ...block, nowMs, isTooMuch }
  const known = whole(age, rules)
  if (known !== undefined) return { block, age, ...known, action: 'delete', goneBytes: block.sizeBytes }
  const found = await plan(block, age)
  if (found === undefined) return undefined
  const { action, reason, goneBytes, overdueMs } = found
  return { block, age, action, reason, goneBytes, overdueMs }
}

/** Why all of a block goes, where that is known without looking into it. */
function whole(
  block: BlockAge,
  { pins, retention, maxAgeMs }: Rules,
): { readonly reason: DeletionReason; readonly overdueMs: number } | undefined {
  if (pins.some((pin) => maySelect(pin, block))) return undefined
  const overdueMs = block.nowMs - block.maxTimeMs - Math.max(maxAgeMs, ...retention.map(({ ageMs }) => ageMs))
  if (overdueMs > 0) return { reason: 'time', overdueMs }
  return block.isTooMuch ? { reason: 'size', overdueMs: 0 } : undefined
}

/** Those that a compaction made of others come after them, so that nothing that is covered comes to light. */
function compareAges(a: StoredBlock, b: StoredBlock): number {
  return a.maxTimeMs - b.maxTimeMs || a.level - b.level || (a.key < b.key ? -1 : 1)
}

/** Each may hold a few numbers per row of its block meanwhile. */
const maxConcurrentLooks = 4
/** Blocks are of a day each: so long after its first moment a block may be due for the first time. */
const progressMs = 25 * 60 * 60 * 1000
