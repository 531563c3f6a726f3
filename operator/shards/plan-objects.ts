import { createHash } from 'node:crypto'
import type { ScrapeConfigJob, ScrapeConfigSpec } from '../../collector/config/scrape-config-resource.ts'
import type { PlannedTarget } from '../targets/decision.ts'
import { groupsOf, type PackedObject, packShard } from './pack-shard.ts'
import { chooseShard, hashKey } from './rendezvous.ts'

/** What the cluster holds of one ScrapeConfig. */
export interface ActualObject {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly spec: ScrapeConfigSpec
}

/** One object as it should be, without its epoch. */
export interface DesiredObject {
  readonly name: string
  readonly shard: number
  readonly spec: Omit<ScrapeConfigSpec, 'epoch'>
  /** What it was made of, so that the same need not be made again; without those that another shard has yet. */
  readonly targets: readonly PlannedTarget[]
  /** By key, of those that may be scraped by another shard until then. */
  readonly startAfterMs: ReadonlyMap<string, number>
}

/** A target was let go: until when a scrape that had begun may take, unix ms. */
export interface Release {
  /** Who need not wait for it; undefined where everybody has to. */
  readonly shard: number | undefined
  readonly untilMs: number
}

/** Of two releases of one target, what holds for both. */
export function latestRelease(before: Release | undefined, after: Release): Release {
  if (before === undefined) return after
  return {
    shard: before.shard === after.shard ? after.shard : undefined,
    untilMs: Math.max(before.untilMs, after.untilMs),
  }
}

/** What a move waits for beyond the longest profile: the way of the news, and of the last answer. */
const moveSpareMs = 5000

/** How long a scrape of such a job that had begun may go on: the types of a target take turns, so it is one alone. */
export function longestScrapeMs({ profiles }: Pick<ScrapeConfigJob, 'profiles'>): number {
  return Math.max(0, ...profiles.map(({ seconds = 0 }) => seconds)) * 1000 + moveSpareMs
}

/** Which of `members` scrapes what. Targets of one key go together, whoever owns them. */
export function assignTargets(
  targets: readonly PlannedTarget[],
  members: readonly number[],
): Map<number, PlannedTarget[]> {
  const shards = new Map<number, PlannedTarget[]>(members.map((ordinal) => [ordinal, []]))
  for (const target of targets) {
    const shard = chooseShard(keyHash(target), members)
    if (shard !== undefined) shards.get(shard)!.push(target)
  }
  return shards
}

/** Where there is nobody to choose from: what is scraped is scraped further, unless it shall not be any more. */
export function keepTargets(
  targets: readonly PlannedTarget[],
  holders: ReadonlyMap<string, readonly number[]>,
): Map<number, PlannedTarget[]> {
  const shards = new Map<number, PlannedTarget[]>()
  for (const target of targets) {
    const [shard] = holders.get(target.key) ?? []
    if (shard === undefined) continue
    const ofShard = shards.get(shard)
    if (ofShard === undefined) shards.set(shard, [target])
    else ofShard.push(target)
  }
  return shards
}

const keyHashes = new WeakMap<PlannedTarget, number>()

function keyHash(target: PlannedTarget): number {
  let hash = keyHashes.get(target)
  if (hash === undefined) {
    hash = hashKey(target.key)
    keyHashes.set(target, hash)
  }
  return hash
}

const keys = new WeakMap<object, readonly string[]>()

/** `<pod uid>/<port and prefix>` of each target in an object, as `PlannedTarget.key` has it. */
export function keysOf(spec: Pick<ScrapeConfigSpec, 'job' | 'groups'>): readonly string[] {
  let known = keys.get(spec)
  if (known === undefined) {
    known = spec.groups.flatMap(({ targets }) =>
      targets.map(({ uid, address }) => targetKey(uid, address, spec.job.pathPrefix)),
    )
    keys.set(spec, known)
  }
  return known
}

export function targetKey(uid: string, address: string, pathPrefix: string): string {
  return `${uid}/${address.slice(address.lastIndexOf(':') + 1)}${pathPrefix}`
}

export interface PlanFacts {
  readonly release: string
  /** Which shards hold a target now, by key. */
  readonly holders: ReadonlyMap<string, readonly number[]>
  readonly releases: ReadonlyMap<string, Release>
  readonly nowMs: number
  /** What was planned last, by name. */
  readonly before?: ReadonlyMap<string, DesiredObject>
}

/**
 * The objects as they should be now. A target that another shard still holds is left out until that shard's object
 * was written without it; then it is in with `startAfterMs`, so that no scrape of the old owner meets one of the new.
 */
export function planObjects(
  shards: ReadonlyMap<number, readonly PlannedTarget[]>,
  facts: PlanFacts,
): DesiredObject[] {
  const packed = [...shards].flatMap(([shard, targets]) => packShard(shard, targets))
  return packed.map((object) => desiredOf(object, facts)).filter((object) => object !== undefined)
}

function desiredOf(
  { name: below, shard, job, targets }: PackedObject,
  { release, holders, releases, nowMs, before }: PlanFacts,
): DesiredObject | undefined {
  const isHeldElsewhere = ({ key }: PlannedTarget) =>
    holders.get(key)?.some((holder) => holder !== shard) ?? false
  const free = targets.filter((target) => !isHeldElsewhere(target))
  // Not even the name is taken by an object that would be empty.
  if (free.length === 0) return undefined
  const startAfterMs = new Map<string, number>()
  for (const { key } of free) {
    const released = releases.get(key)
    if (released !== undefined && released.shard !== shard && released.untilMs > nowMs) {
      startAfterMs.set(key, released.untilMs)
    }
  }
  const name = `${release}-${below}`
  const known = before?.get(name)
  const isKnown =
    known !== undefined &&
    known.targets.length === free.length &&
    known.targets.every((target, index) => target === free[index]) &&
    // That the time is over changes nothing.
    [...startAfterMs].every(([key, ms]) => known.startAfterMs.get(key) === ms)
  if (isKnown) return known
  const spec = { shard, job, groups: groupsOf(free, ({ key }) => startAfterMs.get(key)) }
  return { name, shard, spec, targets: free, startAfterMs }
}

/** Equal but for what is of the writing: who wrote it, and a `startAfterMs` that only the past or a move knows. */
export function hasSameContent(
  a: Pick<ActualObject | DesiredObject, 'spec'>,
  b: Pick<ActualObject | DesiredObject, 'spec'>,
): boolean {
  return contentOf(a.spec) === contentOf(b.spec)
}

const contents = new WeakMap<object, string>()

function contentOf(spec: Pick<ScrapeConfigSpec, 'shard' | 'job' | 'groups'>): string {
  let content = contents.get(spec)
  if (content === undefined) {
    const { shard, job, groups } = spec
    const text = JSON.stringify([shard, sorted(job), sorted(groups)])
    // Of thousands of objects the text is some ten megabytes.
    content = createHash('sha256').update(text).digest('base64')
    contents.set(spec, content)
  }
  return content
}

/** Keys in order, as the API server gives them back in its own; without `startAfterMs`. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .filter((key) => key !== 'startAfterMs')
      .sort()
      .map((key) => [key, sorted((value as Record<string, unknown>)[key])]),
  )
}
