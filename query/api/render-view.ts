import type { MergeWorkers } from '../merge-workers/merge-workers.ts'
import { type MergedView, mergedView, type ViewRequest } from '../merged-view.ts'
import type { QueryLimits } from '../query-limits.ts'
import type { ViewSides } from '../view-sides.ts'
import { ApiError } from './answer.ts'

export interface RenderContext {
  /** Where merges are done; in this thread without it. */
  readonly merges?: MergeWorkers | undefined
  readonly limits?: QueryLimits | undefined
  readonly signal: AbortSignal
}

/** Merges and renders, wherever that is done. Throws an ApiError where there is nothing to show. */
export async function renderView(
  sides: ViewSides,
  view: ViewRequest,
  { merges, limits: { maxBytes } = {}, signal }: RenderContext,
): Promise<MergedView> {
  const options = { signal, ...(maxBytes === undefined ? {} : { maxBytes }) }
  try {
    return merges === undefined
      ? await mergedView(sides, view, options)
      : await merges.merge(sides, view, options)
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code === 'NO_VIEW') throw new ApiError('execution', (error as Error).message, { cause: error })
    // What can be told wrong only of the profile, such as a path that no node has.
    if (code === 'BAD_VIEW_OPTION') throw new ApiError('bad_data', (error as Error).message, { cause: error })
    // A file may repeat one long name in very deep stacks.
    if ((error as Error).message === 'Invalid string length') {
      throw new ApiError('execution', `show profile as ${view.format}: it is too large for that`, {
        cause: error,
      })
    }
    throw error
  }
}
