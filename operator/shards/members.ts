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
    const lastAliveMs = isReady ? nowMs : Math.max(old?.lastAliveMs ?? 0, lastAnswerMs)
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

/** When the next member is lost unless it is heard of before; undefined where all are well. */
export function nextDeadlineMs(members: ReadonlyMap<number, Member>): number | undefined {
  const alive = [...members.values()].filter(({ isMember }) => isMember)
  if (alive.length === 0) return undefined
  return Math.min(...alive.map(({ lastAliveMs }) => lastAliveMs)) + deadAfterMs
}
