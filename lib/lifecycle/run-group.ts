export interface RunOptions {
  readonly signal: AbortSignal
}

/** A long-lived part: works until the signal, drains, resolves; rejects only where it cannot go on. */
export type Run = (options: RunOptions) => Promise<void>

/**
 * Runs parts together: the first that ends stops the others. Resolves once all have ended;
 * rejects with the first error.
 */
export async function runGroup(parts: readonly Run[], options: RunOptions): Promise<void> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const errors: unknown[] = []
  const runPart = async (run: Run) => {
    try {
      await run({ signal })
    } catch (error) {
      errors.push(error)
    } finally {
      stop.abort()
    }
  }
  await Promise.all(parts.map(runPart))
  if (errors.length > 0) throw errors[0]
}
