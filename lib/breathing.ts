import { setImmediate as nextTurn } from 'node:timers/promises'

/** For long work: to be awaited often, lets the event loop turn every few milliseconds, and rejects once aborted. */
export function breathing(signal: AbortSignal | undefined): () => Promise<void> {
  let startMs = performance.now()
  return async () => {
    if (performance.now() - startMs < 10) return
    await nextTurn()
    signal?.throwIfAborted()
    startMs = performance.now()
  }
}
