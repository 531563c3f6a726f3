import { effect, type ReadonlySignal, signal } from '@preact/signals'
import { ApiError, type Loaded } from './api.ts'

export interface ResourceState<Key, Data> {
  /** The last that arrived; kept while the next is on its way, so that nothing flickers. */
  readonly data?: Data
  /** What `data` was asked for with. */
  readonly key?: Key
  readonly warnings: readonly string[]
  readonly error?: ApiError
  readonly loading: boolean
}

export type Resource<Key, Data> = ReadonlySignal<ResourceState<Key, Data>>

/**
 * Loads whenever `key` changes, by value; an older request is aborted. While `key` gives undefined there is
 * nothing to load, and nothing is kept. `keep` says whether old data may stay in sight under a new key.
 */
export function createResource<Key, Data>(
  key: () => Key | undefined,
  load: (key: Key, signal: AbortSignal) => Promise<Loaded<Data>>,
  options: {
    readonly keep?: (before: Key, now: Key) => boolean
    /** When this changes, what could not reach the server asks again. */
    readonly retry?: ReadonlySignal<unknown>
  } = {},
): Resource<Key, Data> {
  const { keep = () => true, retry } = options
  const state = signal<ResourceState<Key, Data>>({ warnings: [], loading: false })
  let loadedKey: string | undefined
  let abort = new AbortController()
  effect(() => {
    const now = key()
    const text = JSON.stringify(now)
    // Read in any case, so that the effect runs when it changes.
    const again = retry?.value !== undefined && state.peek().error?.code === 'unreachable'
    if (text === loadedKey && !again) return
    loadedKey = text
    abort.abort()
    abort = new AbortController()
    if (now === undefined) {
      state.value = { warnings: [], loading: false }
      return
    }
    const { signal } = abort
    const before = state.peek()
    state.value =
      before.key !== undefined && keep(before.key, now)
        ? { ...before, loading: true }
        : { warnings: [], loading: true }
    load(now, signal).then(
      ({ data, warnings }) => {
        if (!signal.aborted) state.value = { data, warnings, key: now, loading: false }
      },
      (error: unknown) => {
        if (signal.aborted) return
        const shown = error instanceof ApiError ? error : new ApiError(String(error), 'internal')
        const { data, key: dataKey } = state.peek()
        // Data outlives a lost connection, but not an answer that says the question was wrong.
        const stale = shown.code === 'unreachable' && data !== undefined && dataKey !== undefined
        state.value = { warnings: [], error: shown, loading: false, ...(stale ? { data, key: dataKey } : {}) }
      },
    )
  })
  return state
}
