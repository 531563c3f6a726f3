import type { ScrapeConfigSpec } from '../../collector/config/scrape-config-resource.ts'
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
  /** Targets that wait until the shard that has them has let them go. */
  readonly waiting: number
  /** What it was made of, so that the same need not be made again. */
  readonly targets: readonly PlannedTarget[]
}

/** When a shard let a target go, and how long a scrape that it had begun may take. */
export interface Release {
  readonly shard: number
  readonly untilMs: number
}

/** What a move waits for beyond the longest profile: the way of the news, and of the last answer. */
export const moveSpareMs = 5000

/**
 * Which shard scrapes what. A target whose shard is none of `members` (they are all gone) stays where it is now.
 * Targets of one key go together, whoever owns them.
 */
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
  const startAfterMs = ({ key }: PlannedTarget): number | undefined => {
    const released = releases.get(key)
    return released !== undefined && released.shard !== shard && released.untilMs > nowMs
      ? released.untilMs
      : undefined
  }
  const name = `${release}-${below}`
  const waiting = targets.length - free.length
  const known = before?.get(name)
  const isKnown =
    known !== undefined &&
    known.targets.length === free.length &&
    known.targets.every((target, index) => target === free[index]) &&
    free.every((target) => startAfterMs(target) === undefined)
  if (isKnown) return known.waiting === waiting ? known : { ...known, waiting }
  const spec = { shard, job, groups: groupsOf(free, startAfterMs) }
  return { name, shard, spec, waiting, targets: free }
}

/** Equal but for what is of the writing: who wrote it, and a `startAfterMs` that only the past or a move knows. */
export function hasSameContent(actual: ActualObject, desired: DesiredObject): boolean {
  return contentOf(actual.spec) === contentOf(desired.spec)
}

const contents = new WeakMap<object, string>()

function contentOf(spec: Pick<ScrapeConfigSpec, 'shard' | 'job' | 'groups'>): string {
  let content = contents.get(spec)
  if (content === undefined) {
    const { shard, job, groups } = spec
    content = JSON.stringify([shard, sorted(job), sorted(groups)])
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
