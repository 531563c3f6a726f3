import type { PinAnswer } from './overview-types.ts'

/** Where what retention leaves alone is written: in buckets, by whoever knows their layout. */
export interface PinStore {
  list(options: { readonly signal: AbortSignal }): Promise<readonly PinAnswer[]>
  /** Rejects with a SyntaxError for a name that is taken, or that cannot be one. */
  add(pin: PinAnswer): Promise<void>
  /** False where there was none. Rejects with a SyntaxError for a name that cannot be one. */
  remove(name: string): Promise<boolean>
}
