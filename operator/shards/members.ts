/** What is seen of one collector now. */
export interface MemberObservation {
  readonly ordinal: number
  /** Its pod's condition. */
  readonly isReady: boolean
  /** When it last answered the operator itself, unix ms; 0 for never. */
  readonly lastAnswerMs: number
}

export interface Member {
  readonly ordinal: number
  /** Whether it gets targets. */
  readonly isMember: boolean
  /** When it was last Ready or answered. */
  readonly lastAliveMs: number
}

/** A collector that is neither Ready nor answers for this long loses its targets to the others. */
export const deadAfterMs = 45_000

/**
 * The collectors that get targets from now on. An ordinal gets some once its pod was Ready, and keeps them as long as it
 * is Ready or answers, whoever of API server and operator cannot see the other half. Where nobody is left, those that
 * had targets keep them: there is nobody to give them to.
 */
export function nextMembers(
  before: ReadonlyMap<number, Member>,
  observed: readonly MemberObservation[],
  options: { readonly replicas: number; readonly nowMs: number },
): Map<number, Member> {
  const { replicas, nowMs } = options
  const members = new Map<number, Member>()
  const seen = new Map(observed.map((each) => [each.ordinal, each]))
  for (const ordinal of new Set([...before.keys(), ...seen.keys()])) {
    if (ordinal >= replicas) continue
    const old = before.get(ordinal)
    const { isReady = false, lastAnswerMs = 0 } = seen.get(ordinal) ?? {}
    // Not after now: a clock that was set back would keep the dead for as long as it was set back.
    const lastAliveMs = isReady ? nowMs : Math.min(nowMs, Math.max(old?.lastAliveMs ?? 0, lastAnswerMs))
    const isAlive = nowMs - lastAliveMs <= deadAfterMs
    members.set(ordinal, {
      ordinal,
      isMember: old?.isMember === true ? isAlive : isReady,
      lastAliveMs,
    })
  }
  const isAnyLeft = [...members.values()].some(({ isMember }) => isMember)
  if (isAnyLeft) return members
  for (const { ordinal, isMember } of before.values()) {
    const member = members.get(ordinal)
    if (isMember && member !== undefined) members.set(ordinal, { ...member, isMember: true })
  }
  return members
}

/** The ordinals that get targets, ascending. */
export function memberOrdinals(members: ReadonlyMap<number, Member>): number[] {
  return [...members.values()]
    .filter(({ isMember }) => isMember)
    .map(({ ordinal }) => ordinal)
    .sort((a, b) => a - b)
}

/** After there was nobody, a first collector is soon followed by others: this long their targets wait for them. */
export const maxGatherMs = 15_000

/**
 * Whether to wait with giving out targets: collectors of a new release become Ready one by one, and each that comes
 * would take targets from those before. `sinceMs`: since when there has been a member again.
 */
export function isGathering(
  members: ReadonlyMap<number, Member>,
  options: { readonly replicas: number; readonly sinceMs: number; readonly nowMs: number },
): boolean {
  const { replicas, sinceMs, nowMs } = options
  return memberOrdinals(members).length < replicas && nowMs - sinceMs < maxGatherMs
}
