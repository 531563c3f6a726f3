import type { Drop, Owner, PlannedTarget } from './decision.ts'
import { dropPlanned } from './drop-planned.ts'

export interface LimitOptions {
  /** 0 where there is no limit, as below. */
  readonly perNamespace: number
  /** Of a ProfileTarget. */
  readonly maxTargetsOf: (owner: Owner) => number
}

export interface LimitedTarget {
  readonly planned: PlannedTarget
  readonly drop: Drop
}

/**
 * Which of all targets may run: the oldest pods' (ties by key), as many as their ProfileTarget and their namespace
 * may have. Does not depend on the order of `targets`.
 */
export function limitTargets(
  targets: Iterable<PlannedTarget>,
  { perNamespace, maxTargetsOf }: LimitOptions,
): { readonly kept: readonly PlannedTarget[]; readonly dropped: readonly LimitedTarget[] } {
  const all = [...targets]
  const over = new Set<PlannedTarget>()
  const dropped: LimitedTarget[] = []
  const limit = (
    groups: Map<string, PlannedTarget[]>,
    max: (name: string) => number,
    whose: (name: string) => string,
  ) => {
    for (const [name, group] of groups) {
      const most = max(name)
      if (most === 0 || group.length <= most) continue
      for (const planned of group.sort(compareAge).slice(most)) {
        over.add(planned)
        dropped.push({
          planned,
          drop: dropPlanned(
            planned,
            'LimitReached',
            `${whose(name)} may have ${most} targets, and the oldest keep running`,
          ),
        })
      }
    }
  }
  // A target that its owner may not have takes no place in the namespace.
  limit(
    Map.groupBy(all, ({ job }) => job.spec.owner),
    maxTargetsOf,
    (owner) => owner,
  )
  const left = all.filter((planned) => !over.has(planned))
  limit(
    Map.groupBy(left, ({ namespace }) => namespace),
    () => perNamespace,
    (name) => `namespace ${name}`,
  )
  return {
    kept: over.size === 0 ? all : all.filter((planned) => !over.has(planned)),
    dropped: dropped.sort((a, b) => compareAge(a.planned, b.planned)),
  }
}

function compareAge(a: PlannedTarget, b: PlannedTarget): number {
  return a.createdMs - b.createdMs || compare(a.key, b.key) || compare(a.job.hash, b.job.hash)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
