/**
 * A record is one profile told as what changed since the profile before it in its group: seven or more streams of
 * varints, each with its own kind of number, so that a group's streams compress well one after the other.
 * Every stream ends where its record's counts say. docs/format/block.md draws them.
 */
export const stream = { meta: 0, times: 1, ops: 2, gaps: 3, masks: 4, extra: 5, values: 6 } as const

export const op = { copy: 0, ids: 1, jump: 2 } as const

/** How a column's values are predicted; what is stored is the difference. */
export const mode = {
  /** From the sample's value in the profile before. */
  delta: 0,
  /** From 0. */
  raw: 1,
  /** From the column before, times the period: CPU nanoseconds from sample counts. */
  multiple: 2,
  /** As Go's scaled sample counts: what is stored is the change of the unscaled count. */
  goObjects: 3,
  /** As Go's scaled bytes, from the column before. */
  goSpace: 4,
} as const

export const flag = { wide: 1, locations: 2, functions: 4, strings: 8 } as const
