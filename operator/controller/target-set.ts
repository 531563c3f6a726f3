import type { CredentialsProblem } from '../credentials/secret-answer.ts'
import type { TargetSecrets } from '../credentials/target-secrets.ts'
import type { CredentialSource, Drop, PlannedTarget } from '../targets/decision.ts'
import { dropPlanned } from '../targets/drop-planned.ts'
import { limitTargets } from '../targets/limit-targets.ts'
import type { TargetSettings } from '../targets/settings.ts'
import type { Decisions } from './decisions.ts'
import { isOwnPod, withOwnToken } from './own-token.ts'

export interface TargetSetOptions {
  readonly decisions: Decisions
  readonly secrets: Pick<TargetSecrets, 'follow' | 'problemOf'>
  readonly settings: TargetSettings
  /** The release, whose own pods are scraped with its token. */
  readonly namespace: string
  readonly release: string
  readonly hasToken: () => boolean
  /** Whether a collector has the target of this key now. */
  readonly isHeld: (key: string) => boolean
}

/** Of all that is decided pod by pod, what may be scraped: with credentials that can be read, within limits. */
export class TargetSet {
  readonly #options: TargetSetOptions
  #targets: readonly PlannedTarget[] = []
  #laterDrops: ReadonlyMap<string, readonly Drop[]> = new Map()
  #isStale = true

  constructor(options: TargetSetOptions) {
    this.#options = options
  }

  get targets(): readonly PlannedTarget[] {
    return this.#targets
  }

  /** Of what was decided, what is not to be scraped after all, by the pod's `namespace/name`. */
  get laterDrops(): ReadonlyMap<string, readonly Drop[]> {
    return this.#laterDrops
  }

  /** Decisions, ProfileTargets or Secrets are others than at the last `refresh`. */
  markStale(): void {
    this.#isStale = true
  }

  refresh(): void {
    if (!this.#isStale) return
    const { namespace, release, settings, decisions, hasToken, isHeld } = this.#options
    const isTokenKnown = hasToken()
    const laterDrops = new Map<string, Drop[]>()
    const drop = (target: PlannedTarget, dropped: Drop) => {
      const pod = `${target.namespace}/${target.target.labels['pod'] ?? ''}`
      laterDrops.set(pod, [...(laterDrops.get(pod) ?? []), dropped])
    }
    const problems = this.#followSecrets()
    const targets: PlannedTarget[] = []
    for (const { view, decision } of decisions.decided.values()) {
      const isOwn = isTokenKnown && isOwnPod(view, { namespace, name: release })
      for (const target of decision.targets) {
        const problem = problems.get(keysOf(target.job.credentials))
        // Its collector has them: that nobody has answered us yet takes nothing away.
        const isKept = problem === undefined || (problem.code === 'SecretUnread' && isHeld(target.key))
        if (!isKept) drop(target, dropPlanned(target, 'NotAccepted', `${problem.code}: ${problem.message}`))
        else targets.push(isOwn ? withOwnToken(target) : target)
      }
    }
    const limited = limitTargets(targets, {
      perNamespace: settings.limits.perNamespace.targets,
      maxTargetsOf: (owner) =>
        decisions.acceptance(owner.slice('ProfileTarget/'.length))?.accepted?.maxTargets ?? 0,
    })
    for (const { planned, drop: dropped } of limited.dropped) drop(planned, dropped)
    this.#targets = limited.kept
    this.#laterDrops = laterDrops
    this.#isStale = false
  }

  /** Reads all that accepted ProfileTargets name. Returns why credentials that cannot be used cannot, by their keys. */
  #followSecrets(): Map<string, CredentialsProblem> {
    const { decisions, secrets } = this.#options
    const lists = new Map<string, readonly CredentialSource[]>()
    for (const key of decisions.profileTargets.keys()) {
      for (const { access } of decisions.acceptance(key)?.accepted?.asks ?? []) {
        if (access.credentials.length > 0) lists.set(keysOf(access.credentials), access.credentials)
      }
    }
    secrets.follow([...lists.values()].flat())
    const problems = new Map<string, CredentialsProblem>()
    for (const [key, list] of lists) {
      const problem = secrets.problemOf(list)
      if (problem !== undefined) problems.set(key, problem)
    }
    return problems
  }
}

function keysOf(sources: readonly CredentialSource[]): string {
  return sources.map(({ key }) => key).join()
}
