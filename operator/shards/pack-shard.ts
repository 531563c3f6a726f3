import type { ScrapeConfigGroup, ScrapeConfigJob } from '../../collector/config/scrape-config-resource.ts'
import type { PlannedGroup, PlannedTarget } from '../targets/decision.ts'
import { hashKey } from './rendezvous.ts'

/** The content of one ScrapeConfig: no epoch, no `startAfterMs`, which are of the writing, not of the targets. */
export interface PackedObject {
  /** Below the release's name: `<shard>-<job hash>-<place in the tree>`. */
  readonly name: string
  readonly shard: number
  readonly job: ScrapeConfigJob
  readonly targets: readonly PlannedTarget[]
}

/**
 * Packs the targets of a shard into objects of at most 32, as a pure function of the set: whoever computes it, from
 * whatever history, gets the same objects. Targets of one job lie in the order of a hash, a workload's next to each
 * other so that their common labels are written once; a range with too many is halved by the next bit of the hash
 * (extendible hashing; Fagin et al., 1979). So one target more or less rewrites one object, or splits it in two.
 */
export function packShard(shard: number, targets: readonly PlannedTarget[]): PackedObject[] {
  const objects: PackedObject[] = []
  for (const [hash, ofJob] of Map.groupBy(targets, ({ job }) => job.hash)) {
    const placed = ofJob.map(place).sort(comparePlaces)
    const { spec } = ofJob[0]!.job
    for (const leaf of split(placed, 0)) {
      const name = `${shard}-${hash}-${leaf.name}`
      objects.push({ name, shard, job: spec, targets: leaf.targets })
    }
  }
  return objects.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The `groups` of an object's spec: targets that share labels, image, limits and mesh, ascending by what they share. */
export function groupsOf(
  targets: readonly PlannedTarget[],
  startAfterMs: (target: PlannedTarget) => number | undefined,
): ScrapeConfigGroup[] {
  const byGroup = Map.groupBy(targets, ({ group }) => groupKey(group))
  return [...byGroup.keys()].sort().map((key) => {
    const ofGroup = byGroup.get(key)!.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    return {
      ...ofGroup[0]!.group,
      targets: ofGroup.map((planned) => {
        const after = startAfterMs(planned)
        return after === undefined ? planned.target : { ...planned.target, startAfterMs: after }
      }),
    }
  })
}

interface Placed {
  readonly workloadHash: number
  readonly keyHash: number
  readonly sizeBytes: number
  readonly target: PlannedTarget
}

const places = new WeakMap<PlannedTarget, Placed>()

function place(target: PlannedTarget): Placed {
  let placed = places.get(target)
  if (placed === undefined) {
    placed = {
      workloadHash: hashKey(`${target.namespace}/${target.workload}`),
      keyHash: hashKey(target.key),
      sizeBytes: JSON.stringify(target.target).length + groupKey(target.group).length,
      target,
    }
    places.set(target, placed)
  }
  return placed
}

const groupKeys = new WeakMap<PlannedGroup, string>()

function groupKey(group: PlannedGroup): string {
  let key = groupKeys.get(group)
  if (key === undefined) {
    key = JSON.stringify(group)
    groupKeys.set(group, key)
  }
  return key
}

function comparePlaces(a: Placed, b: Placed): number {
  return (
    a.workloadHash - b.workloadHash ||
    a.keyHash - b.keyHash ||
    (a.target.key < b.target.key ? -1 : a.target.key > b.target.key ? 1 : 0)
  )
}

/**
 * Half of what an object may hold: a change writes a whole object, so half as many targets are half as many bytes for
 * etcd, and objects cost next to nothing by themselves.
 */
const maxTargets = 32
/** Well below etcd's 1.5 MiB, whatever labels people copy from their pods. */
const maxObjectBytes = 400_000
const hashBits = 64

interface Leaf {
  readonly name: string
  readonly targets: PlannedTarget[]
}

function split(placed: readonly Placed[], depth: number): Leaf[] {
  if (placed.length === 0) return []
  const sizeBytes = placed.reduce((sum, each) => sum + each.sizeBytes, 0)
  const fits = placed.length <= maxTargets && sizeBytes <= maxObjectBytes
  if (fits || placed.length === 1) {
    return [{ name: prefixName(placed[0]!, depth), targets: placed.map(({ target }) => target) }]
  }
  if (depth === hashBits) return sliceEqual(placed)
  const firstOne = placed.findIndex((each) => bitAt(each, depth) === 1)
  const middle = firstOne < 0 ? placed.length : firstOne
  return [...split(placed.slice(0, middle), depth + 1), ...split(placed.slice(middle), depth + 1)]
}

/** 64 equal bits: somebody chose their names for it. They are few, so a place in the order is name enough. */
function sliceEqual(placed: readonly Placed[]): Leaf[] {
  const sizeEach = Math.max(...placed.map(({ sizeBytes }) => sizeBytes))
  const each = Math.max(1, Math.min(maxTargets, Math.floor(maxObjectBytes / sizeEach)))
  const leaves: Leaf[] = []
  for (let at = 0; at < placed.length; at += each) {
    const targets = placed.slice(at, at + each).map(({ target }) => target)
    leaves.push({ name: `${prefixName(placed[0]!, hashBits)}-${leaves.length}`, targets })
  }
  return leaves
}

function bitAt({ workloadHash, keyHash }: Placed, depth: number): number {
  return depth < 32 ? (workloadHash >>> (31 - depth)) & 1 : (keyHash >>> (63 - depth)) & 1
}

/** How many bits, then those bits as hex digits: `5-b8` is 10111. */
function prefixName(placed: Placed, depth: number): string {
  if (depth === 0) return '0'
  let hex = ''
  for (let at = 0; at < depth; at += 4) {
    let digit = 0
    for (let bit = at; bit < at + 4; bit++) digit = digit * 2 + (bit < depth ? bitAt(placed, bit) : 0)
    hex += digit.toString(16)
  }
  return `${depth}-${hex}`
}
