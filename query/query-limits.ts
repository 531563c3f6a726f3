/** What one answer may take; beyond it, the answer is partial and says so. Undefined bounds nothing. */
export interface QueryLimits {
  /** Profiles, and attempts that failed, that are looked at. */
  readonly maxProfiles?: number
  /** Of blocks, as they are stored; for symbols what they are in memory. */
  readonly maxBytes?: number
}
