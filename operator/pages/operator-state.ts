import type { PodDecision } from '../targets/decision.ts'
import type { PodView } from '../targets/pod-view.ts'

/** What the operator knows now, for its pages and for `conprof check pod`. Nothing here waits for the API server. */
export interface OperatorState {
  readonly release: string
  /** The operator's own. */
  readonly namespace: string
  /** What is still missing before the answers are whole, in words; undefined once there is nothing. */
  notReady(): string | undefined
  pod(namespace: string, name: string): PodState | undefined
  /** All of them, or those of one namespace; in any order. */
  pods(namespace?: string): Iterable<PodState>
  profileTargets(): Iterable<ProfileTargetState>
  members(): readonly MemberState[]
  /** Asks the pod's collectors, so it takes a round trip; see `readPodScrapes`. Never rejects. */
  scrapesOf(pod: PodState, options: { readonly signal: AbortSignal }): Promise<PodScrapes>
}

export interface PodState {
  readonly view: PodView
  /** Among the drops are also those that are decided later, such as by a limit: such a target has no shard. */
  readonly decision: PodDecision
  /** Ordinal of the collector that has a target, by `PlannedTarget.key`; undefined while none has. */
  shardOf(targetKey: string): number | undefined
  /** Until when its new collector waits, unix ms; undefined where it does not. */
  startAfterMs(targetKey: string): number | undefined
}

export interface ProfileTargetState {
  readonly namespace: string
  readonly name: string
  /** Of the condition Accepted: `Accepted`, `SecretForbidden`, … */
  readonly acceptedReason: string
  readonly isAccepted: boolean
  readonly message: string
  readonly pods: number
  readonly targets: number
}

/** A collector. */
export interface MemberState {
  readonly ordinal: number
  readonly pod: string
  readonly isReady: boolean
  /** Unix ms of its last answer to the operator; 0 where there was none. */
  readonly lastAnswerMs: number
  readonly targets: number
}

export interface PodScrapes {
  readonly scrapes: readonly ScrapeState[]
  /** One line for each collector that could not say. */
  readonly warnings: readonly string[]
}

/** How the last scrape of one profile type of one container went, as its collector says. */
export interface ScrapeState {
  readonly shard: number
  readonly container: string
  readonly url: string
  readonly profileType: string
  /** A class such as `ok`; `unknown` before the first scrape. */
  readonly health: string
  /** "" while all is well, as is `remedy`. */
  readonly reason: string
  readonly remedy: string
  /** Unix ms; 0 before the first. */
  readonly lastScrapeMs: number
}
