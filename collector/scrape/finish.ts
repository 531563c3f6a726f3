/** Signals of work that is told to stop, and may finish. */
export interface FinishOptions {
  /** From then on `work` has until `limitMs` after its start. */
  readonly stop: AbortSignal
  /** Ends it at once. */
  readonly cut: AbortSignal
  readonly limitMs: number
}

/** The answer of `work`, whose signal aborts once it may not go on. */
export async function finish<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { stop, cut, limitMs }: FinishOptions,
): Promise<T> {
  const start = performance.now()
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onStop = () => {
    timer = setTimeout(() => ending.abort(), limitMs - (performance.now() - start))
  }
  const onCut = () => ending.abort()
  if (stop.aborted) onStop()
  if (cut.aborted) onCut()
  stop.addEventListener('abort', onStop)
  cut.addEventListener('abort', onCut)
  try {
    return await work(ending.signal)
  } finally {
    stop.removeEventListener('abort', onStop)
    cut.removeEventListener('abort', onCut)
    clearTimeout(timer)
  }
}
