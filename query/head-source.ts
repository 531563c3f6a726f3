import type { ByteSource } from '../block/block-reader.ts'
import type { Matcher } from '../profile/matcher.ts'

/**
 * A collector as queries see it: what is acknowledged and in no block yet, and blocks on their way to the bucket. A
 * function call in `conprof all`, HTTP elsewhere. Both methods reject with the code `AWAY` where the collector
 * cannot be reached, so that asking it for more is in vain.
 */
export interface HeadSource {
  /** How warnings name it. */
  readonly name?: string
  /** Its host, where it is another process. */
  readonly collector?: string
  /** Of the process that answered last, where it is another one; another text after it was started anew. */
  readonly incarnation?: string | undefined
  /** The most that an answer waits for it, ms; without it as long as the query lasts. */
  readonly patienceMs?: number
  /** Each a block of just what is asked for. */
  readHead(request: HeadRequest): Promise<readonly Uint8Array[]>
  /** To be asked after its head; absent where pending blocks are found in another way. */
  listPending?(options: { readonly signal?: AbortSignal }): Promise<readonly PendingBlock[]>
}

export interface HeadRequest {
  readonly matchers: readonly Matcher[]
  /** Both inclusive, unix ms. */
  readonly startMs: number
  readonly endMs: number
  /** Rows alone: what plots and lists need. */
  readonly withoutBodies: boolean
  readonly signal?: AbortSignal
  /** Told why the answer is only a part of the head. */
  readonly warn?: (why: string) => void
}

/** A block that was cut and that the bucket may not have yet. */
export interface PendingBlock {
  /** Below `blocks/`, as it will be in the bucket. */
  readonly key: string
  readonly source: ByteSource
}
