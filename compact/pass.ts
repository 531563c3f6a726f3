/** Something beside compaction that is done to the blocks of a bucket by whoever owns it, after each round. */
export interface Pass {
  /** As errors name it. */
  readonly name: string
  /** Rejects where it did not get through; the next round tries again. */
  run(options: { readonly signal: AbortSignal }): Promise<void>
}
