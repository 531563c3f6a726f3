import type { ChosenSource } from '../block/covered.ts'
import { createMatcher, type Matcher } from '../profile/matcher.ts'
import type { OpenSource } from './catalog.ts'
import { type Selection, type SelectRequest, selectSeries } from './select.ts'

export interface ProfileSelection extends Selection {
  /** The sample type to show unless another is asked for; absent where the profiles' own default is right. */
  readonly defaultType?: string
}

/**
 * As `selectSeries`, but Go's `allocs` is answered from `heap` where no such series is stored: it is the same
 * data, with another default sample type.
 */
export async function selectProfiles(
  sources: readonly ChosenSource<OpenSource>[],
  request: SelectRequest,
): Promise<ProfileSelection> {
  const selection = await selectSeries(sources, request)
  const asHeap = request.matchers.map(allocsAsHeap)
  if (selection.series.length > 0 || asHeap.every((matcher, index) => matcher === request.matchers[index])) {
    return selection
  }
  const heap = await selectSeries(sources, { ...request, matchers: asHeap })
  return { ...heap, defaultType: 'alloc_space' }
}

/** What a head is asked for, so that both answers can be made of it. */
export function widenAllocs(matchers: readonly Matcher[]): Matcher[] {
  return matchers.map((matcher) =>
    isAllocs(matcher) ? createMatcher('profile_type', '=~', 'allocs|heap') : matcher,
  )
}

function allocsAsHeap(matcher: Matcher): Matcher {
  return isAllocs(matcher) ? createMatcher('profile_type', '=', 'heap') : matcher
}

function isAllocs({ name, op, value }: Matcher): boolean {
  return name === 'profile_type' && op === '=' && value === 'allocs'
}
