import type { TargetFacts } from '../target-facts.ts'

/** What one source of discovery says now: the whole of it, so that a group replaces the one before it. */
export interface TargetGroup {
  /** Unique within a job: a file, a URL, a place in the config. */
  readonly source: string
  /** Given to each target that does not bring its own. */
  readonly labels: Readonly<Record<string, string>>
  /** Each with at least `__address__`. */
  readonly targets: readonly Readonly<Record<string, string>>[]
  /** Of each of `targets`, by its place; absent where discovery knows only labels. */
  readonly facts?: readonly TargetFacts[]
}
