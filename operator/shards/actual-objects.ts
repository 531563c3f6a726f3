import type { PlannedTarget } from '../targets/decision.ts'
import { type ActualObject, keysOf, latestRelease, longestScrapeMs, type Release } from './plan-objects.ts'

/**
 * The ScrapeConfigs as the cluster has them: what the watch says, and what writes answered, whichever is newer. Knows
 * from them which shard holds which target, and when one let it go.
 */
export class ActualObjects {
  readonly #now: () => number
  readonly #objects = new Map<string, ActualObject>()
  /** A shard stands there once for each of its objects that holds the key. */
  readonly #holders = new Map<string, number[]>()
  readonly #releases = new Map<string, Release>()
  /** Deleted ones, by uid: a late event must not bring them back. */
  readonly #deleted = new Set<string>()

  constructor(options: { readonly now: () => number }) {
    this.#now = options.now
  }

  get objects(): ReadonlyMap<string, ActualObject> {
    return this.#objects
  }

  get holders(): ReadonlyMap<string, readonly number[]> {
    return this.#holders
  }

  get releases(): ReadonlyMap<string, Release> {
    return this.#releases
  }

  /** What a write answered, or an event says. Returns whether it was news: an older version than the known is not. */
  observe(object: ActualObject): boolean {
    const known = this.#objects.get(object.name)
    if (this.#deleted.has(object.uid)) return false
    if (known?.uid === object.uid && !isNewer(object.resourceVersion, known.resourceVersion)) return false
    this.#objects.set(object.name, object)
    this.#hold(object)
    if (known !== undefined) this.#letGo(known, new Set(keysOf(object.spec)))
    return true
  }

  /** What was read by its name just now: it is there, though it left what is watched. */
  observeRead(object: ActualObject): void {
    this.#deleted.delete(object.uid)
    this.observe(object)
  }

  /** `uid` is absent where only the name is known to be gone. */
  remove(name: string, uid?: string): void {
    const known = this.#objects.get(name)
    if (known === undefined || (uid !== undefined && known.uid !== uid)) return
    this.#objects.delete(name)
    if (this.#deleted.size > 10_000) this.#deleted.clear()
    this.#deleted.add(known.uid)
    this.#letGo(known, new Set())
  }

  /**
   * Treats targets that nobody holds as let go just now: an operator before this one may have been in the middle of
   * moving them.
   */
  releaseUnheld(targets: Iterable<PlannedTarget>): void {
    const nowMs = this.#now()
    for (const { key, job } of targets) {
      if (this.#holders.has(key)) continue
      const release = { shard: undefined, untilMs: nowMs + longestScrapeMs(job.spec) }
      this.#releases.set(key, latestRelease(this.#releases.get(key), release))
    }
  }

  /** Forgets releases that are over; to be called often, also by who does not lead, or they pile up. */
  prune(): void {
    const nowMs = this.#now()
    for (const [key, { untilMs }] of this.#releases) if (untilMs <= nowMs) this.#releases.delete(key)
  }

  #hold({ spec }: ActualObject): void {
    for (const key of keysOf(spec)) {
      const shards = this.#holders.get(key)
      if (shards === undefined) this.#holders.set(key, [spec.shard])
      else shards.push(spec.shard)
    }
  }

  /**
   * Of each object by itself, as the profiles of a key may lie in several with profiles of other lengths, and as the
   * shard that lets go may have been waiting for another.
   */
  #letGo({ spec }: ActualObject, kept: ReadonlySet<string>): void {
    const { shard, job, groups } = spec
    const untilMs = this.#now() + longestScrapeMs(job)
    const targets = groups.flatMap((group) => group.targets)
    for (const [index, key] of keysOf(spec).entries()) {
      const shards = this.#holders.get(key)
      if (shards === undefined) continue
      shards.splice(shards.indexOf(shard), 1)
      if (shards.length === 0) this.#holders.delete(key)
      if (kept.has(key)) continue
      const release = { shard, untilMs: Math.max(untilMs, targets[index]?.startAfterMs ?? 0) }
      this.#releases.set(key, latestRelease(this.#releases.get(key), release))
    }
  }
}

/**
 * Resource versions are decimal numbers that grow (promised since Kubernetes 1.35, so since etcd 3 in fact). What does
 * not look like one is taken for news.
 */
function isNewer(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return version !== than
  return version.length === than.length ? version > than : version.length > than.length
}
