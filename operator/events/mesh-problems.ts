import type { CollectorHealth } from '../collector-health.ts'
import type { Problem } from '../targets/decision.ts'

/** Pods whose mesh refuses scrapes, by `namespace/name`: only their owners can let them in. */
export function meshProblems(health: Iterable<CollectorHealth>): Map<string, Problem> {
  const problems = new Map<string, Problem>()
  for (const { owners } of health) {
    for (const { namespace, pod, container, health, reason, remedy } of owners.flatMap(
      ({ errors }) => errors,
    )) {
      if (health !== 'mesh-blocked') continue
      const note = remedy === '' ? reason : `${reason}; ${remedy}`
      problems.set(`${namespace}/${pod}`, {
        reason: 'ProfileScrapeMeshBlocked',
        key: container,
        value: '',
        note,
      })
    }
  }
  return problems
}
