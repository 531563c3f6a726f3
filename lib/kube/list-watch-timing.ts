export interface ListWatchTiming {
  readonly pageSize: number
  /** Between, at random, the server is asked to end a watch. */
  readonly minWatchMs: number
  readonly maxWatchMs: number
  /** Silence after which a watch is taken for dead: bookmarks come about once a minute. */
  readonly stallMs: number
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** As insurance everything is listed again this often, up to half as much later; what differs then is counted as drift. */
  readonly relistMs: number
  /** What a list shows and the watch has not told is drift after so long. */
  readonly driftGraceMs: number
  /** Without news for so long it is stuck, if the server answers others. */
  readonly stuckMs: number
}

export const defaultTiming: ListWatchTiming = {
  pageSize: 500,
  minWatchMs: 240_000,
  maxWatchMs: 480_000,
  stallMs: 90_000,
  minBackoffMs: 500,
  maxBackoffMs: 30_000,
  relistMs: 600_000,
  driftGraceMs: 10_000,
  stuckMs: 300_000,
}
