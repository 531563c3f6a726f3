import { useEffect, useState } from 'preact/hooks'
import { ApiError, fetchAnswer, type Params } from '../api.ts'

export interface LoadedAnswer<Data> {
  readonly data?: Data
  readonly warnings: readonly string[]
  readonly error?: ApiError
  readonly loading: boolean
}

/**
 * Asks `api/v1/<path>`, again whenever `at` or a parameter changes. The last answer stays in sight meanwhile, and
 * while the server is away. Without `path` nothing is asked.
 */
export function useAnswer<Data>(path: string | undefined, params: Params, at: unknown): LoadedAnswer<Data> {
  const [answer, setAnswer] = useState<LoadedAnswer<Data>>({ warnings: [], loading: true })
  useEffect(() => {
    if (path === undefined) return
    const abort = new AbortController()
    setAnswer((before) => ({ ...before, loading: true }))
    fetchAnswer<Data>(path, params, abort.signal).then(
      ({ data, warnings }) => setAnswer({ data, warnings, loading: false }),
      (error: unknown) => {
        if (abort.signal.aborted || !(error instanceof ApiError)) return
        setAnswer(({ data }) => ({
          ...(data === undefined || error.code !== 'unreachable' ? {} : { data }),
          warnings: [],
          error,
          loading: false,
        }))
      },
    )
    return () => abort.abort()
  }, [path, JSON.stringify(params), at])
  return answer
}
