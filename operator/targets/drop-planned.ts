import type { Drop, DropCode, PlannedTarget } from './decision.ts'

/** Why a target that was planned is not scraped after all. */
export function dropPlanned({ job, group, target }: PlannedTarget, code: DropCode, reason: string): Drop {
  return {
    owner: job.spec.owner,
    port: target.address.slice(target.address.lastIndexOf(':') + 1),
    container: group.labels['container'] ?? '',
    profileType: '',
    code,
    reason,
  }
}
