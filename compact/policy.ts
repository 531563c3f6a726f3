import { type Rows, rowFlags } from '../block/rows.ts'
import type { Labels } from '../profile/labels.ts'
import { type Matcher, matchesLabels } from '../profile/matcher.ts'
import { maySelect, type Selection, selectsSeries, selectsTime } from './selection.ts'
import { thinnedRows } from './thin.ts'

/** How long series that match are kept. */
export interface RetentionRule {
  readonly match: readonly Matcher[]
  /** Infinity keeps them for ever. */
  readonly ageMs: number
}

/** Of series that match, one profile per window of `keepEveryMs` is kept once they are older than `afterMs`. */
export interface ThinningRule {
  readonly match: readonly Matcher[]
  readonly keepEveryMs: number
  readonly afterMs: number
}

/** Everything that decides what of a block stays. */
export interface Rules {
  /** The first that matches a series is its own. */
  readonly retention: readonly RetentionRule[]
  readonly thinning: readonly ThinningRule[]
  /** Of series that no rule is for; Infinity for ever. */
  readonly maxAgeMs: number
  /** Stay whatever age, size and thinning say. */
  readonly pins: readonly Selection[]
  /** Go, pinned or not. */
  readonly erasures: readonly Selection[]
}

export const noRules: Rules = {
  retention: [],
  thinning: [],
  maxAgeMs: Number.POSITIVE_INFINITY,
  pins: [],
  erasures: [],
}

/** `undone`: it was made of a block that somebody brought back. */
export type DeletionReason = 'time' | 'selector' | 'size' | 'thinned' | 'erased' | 'undone'

/** The block that rows are in. Rules go by its last profile: they do something to all of a block's rows, or nothing. */
export interface BlockAge {
  readonly minTimeMs: number
  readonly maxTimeMs: number
  readonly nowMs: number
  /** All goes that no pin holds: there is no room for it. */
  readonly isTooMuch?: boolean
}

/** What is to be done to a series of a block. */
export interface SeriesPlan {
  /** Why all of it goes that no pin holds. */
  readonly dropped: DeletionReason | undefined
  /** Of which window one profile is to be kept; 0 where all are. */
  readonly keepEveryMs: number
  readonly pins: readonly Selection[]
  readonly erasures: readonly Selection[]
  /** For how long a rule about age has been asking for it. */
  readonly overdueMs: number
}

/** Undefined where the series stays as it is. */
export function planSeries(labels: Labels, rules: Rules, block: BlockAge): SeriesPlan | undefined {
  const ageMs = block.nowMs - block.maxTimeMs
  const own = rules.retention.find(({ match }) => matchesLabels(match, labels))
  const maxAgeMs = own?.ageMs ?? rules.maxAgeMs
  const isOld = ageMs > maxAgeMs
  const dropped = isOld ? (own === undefined ? 'time' : 'selector') : block.isTooMuch ? 'size' : undefined
  const thinning = rules.thinning.filter(
    ({ match, afterMs }) => ageMs > afterMs && matchesLabels(match, labels),
  )
  // Of several windows the widest: it keeps nothing that the others would not have kept, if it is a multiple.
  const keepEveryMs = Math.max(0, ...thinning.map((rule) => rule.keepEveryMs))
  const touching = (selections: readonly Selection[]) =>
    selections.filter((selection) => maySelect(selection, block) && selectsSeries(selection, labels))
  const erasures = touching(rules.erasures)
  if (dropped === undefined && keepEveryMs === 0 && erasures.length === 0) return undefined
  const dueAfterMs = isOld ? maxAgeMs : Math.max(0, ...thinning.map(({ afterMs }) => afterMs))
  const overdueMs = isOld || thinning.length > 0 ? ageMs - dueAfterMs : 0
  return { dropped, keepEveryMs, pins: touching(rules.pins), erasures, overdueMs }
}

/** A row's, and why. */
export const rowFates = { keep: 0, thin: 1, drop: 2, erase: 3 } as const

/** One of `rowFates` for each row; rows of equal times fare alike. */
export function planRows(rows: Rows, plan: SeriesPlan, labels: Labels): Uint8Array {
  const fates = new Uint8Array(rows.length)
  const profileType = labels['profile_type'] ?? ''
  const thinned =
    plan.dropped === undefined && plan.keepEveryMs > 0
      ? thinnedRows(rows, { keepEveryMs: plan.keepEveryMs, profileType })
      : undefined
  for (let row = 0; row < rows.length; row++) {
    const timeMs = rows.timeMs[row]!
    if (plan.erasures.some((erasure) => selectsTime(erasure, timeMs))) fates[row] = rowFates.erase
    else if (plan.pins.some((pin) => selectsTime(pin, timeMs))) fates[row] = rowFates.keep
    else if (plan.dropped !== undefined) fates[row] = rowFates.drop
    else if (thinned?.[row] === 1) fates[row] = rowFates.thin
  }
  for (let first = 0; first < rows.length; ) {
    let end = first + 1
    while (end < rows.length && rows.timeMs[end] === rows.timeMs[first]) end++
    if (end - first > 1) {
      const group = fates.subarray(first, end)
      const keepsBody = group.some((fate, i) => fate === 0 && (rows.flags[first + i]! & rowFlags.body) !== 0)
      group.fill(keepsBody ? rowFates.keep : Math.max(...group))
    }
    first = end
  }
  return fates
}

/** Before which age no rule does anything to a block; Infinity where none ever does. */
export function youngestAgeMs({ retention, thinning, maxAgeMs }: Rules): number {
  return Math.min(maxAgeMs, ...retention.map(({ ageMs }) => ageMs), ...thinning.map(({ afterMs }) => afterMs))
}
