import { KubeError } from './kube-client.ts'

/** Exponential, with jitter so that many who failed together do not come back together. */
export interface BackoffOptions {
  readonly minMs: number
  readonly maxMs: number
  /** In [0, 1); `Math.random` without it. */
  readonly random?: () => number
}

/** Before the next try, after so many failures in a row (1 or more): half to all of min · 2^(failures - 1), at most max. */
export function backoffMs(failures: number, { minMs, maxMs, random = Math.random }: BackoffOptions): number {
  // Beyond 2^30 it is the maximum anyway, and the product would lose its meaning.
  const wholeMs = Math.min(maxMs, minMs * 2 ** Math.min(30, failures - 1))
  return wholeMs * (0.5 + random() / 2)
}

/** A server that says when to come back is believed up to here. */
const maxRetryAfterMs = 120_000

/** The same after a failed request, or as long as the server asks for. */
export function retryMs(failures: number, error: unknown, options: BackoffOptions): number {
  const askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
  return Math.max(backoffMs(failures, options), Math.min(askedMs, maxRetryAfterMs))
}
