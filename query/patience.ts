import { formatDuration } from '../lib/duration.ts'

/**
 * How long one of many sources is waited for: `signal` aborts with the outer one, or when its own time is up. Its
 * reason is then an error of one line, and no TimeoutError, since the query goes on without that source.
 */
export class Patience implements Disposable {
  readonly signal: AbortSignal
  readonly #timer: NodeJS.Timeout | undefined

  /** Without `durationMs` as long as the outer signal. */
  constructor(outer: AbortSignal | undefined, durationMs: number | undefined) {
    const own = new AbortController()
    this.signal = outer === undefined ? own.signal : AbortSignal.any([outer, own.signal])
    if (durationMs === undefined) return
    this.#timer = setTimeout(
      () => own.abort(new SilentError(`no answer within ${formatDuration(durationMs)}`)),
      durationMs,
    )
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}

export class SilentError extends Error {
  override readonly name = 'SilentError'
  readonly code = 'SILENT'
}
