/**
 * Rethrows where whoever asked went away. A timeout is another matter: what is read by then is the answer, and
 * what is not becomes a warning.
 */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted && !isTimeout(signal.reason)) throw signal.reason
}

export function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}
