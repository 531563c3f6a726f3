import type { ProcessIdentity } from '../block/attempt.ts'

/** What is known of the process behind a target beside its labels; may change while the target stays the same. */
export interface TargetFacts {
  /** Who asked for it: `annotations`, or `ProfileTarget/<namespace>/<name>`. */
  readonly owner: string
  /** Of the ProfileTarget; "" for annotations. */
  readonly endpoint: string
  readonly process?: ProcessIdentity
  /** Unix ms; another collector may still scrape it until then. */
  readonly startAfterMs?: number
  /** What lets us through where its mesh refuses; absent where it is in none. */
  readonly meshRemedy?: string
}
