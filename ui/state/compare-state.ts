import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { ProfileItem, QueryRangeAnswer } from '../../query/api/types.ts'
import { fetchProfiles, fetchRange, type Loaded, type Selection } from '../api.ts'
import { plotRange, type SideChoice, type SideName, sideChoice } from '../model/compare-sides.ts'
import type { Page } from '../model/routes.ts'
import { selectorOf } from '../model/selector-format.ts'
import { type ResolvedRange, resolveRange } from '../model/time-range.ts'
import type { UrlState } from '../model/url-state.ts'
import { createResource, type Resource } from '../resource.ts'
import type { ViewSide } from '../view-api.ts'
import type { FileState } from './opened-file.ts'
import type { ViewSides } from './view-state.ts'

export interface SideState {
  readonly choice: ReadonlySignal<SideChoice | undefined>
  /** Of a range, against the clock. */
  readonly resolved: ReadonlySignal<ResolvedRange | undefined>
  /** Of a single profile: what is known about it. */
  readonly item: Resource<unknown, ProfileItem | undefined>
  /** What a selector would say that selects its series; undefined where it has none. */
  readonly query: ReadonlySignal<string | undefined>
  /** Profiles of the series, around the side. */
  readonly plot: Resource<Selection, QueryRangeAnswer>
}

export interface CompareState {
  readonly a: SideState
  readonly b: SideState
  /** What is asked for; A alone, or B alone, is shown as it is. */
  readonly sides: ReadonlySignal<ViewSides | undefined>
  /** What `now` means here. It stands still, so that a comparison does not change while somebody reads it. */
  readonly nowMs: ReadonlySignal<number>
  readonly refresh: () => void
}

export function createCompareState(options: {
  readonly page: ReadonlySignal<Page>
  readonly url: ReadonlySignal<UrlState>
  readonly files: Pick<FileState, 'get'>
}): CompareState {
  const { page, url, files } = options
  const nowMs = signal(Date.now())
  const isShown = computed(() => page.value === 'compare')
  const choiceOf = (side: SideName) =>
    computed(() => (isShown.value ? sideChoice(url.value, side) : undefined))
  const choices = { a: choiceOf('a'), b: choiceOf('b') }
  const resolvedOf = (side: SideName) =>
    computed((): ResolvedRange | undefined => {
      const choice = choices[side].value
      if (choice?.kind === 'range')
        return resolveRange(choice, { nowMs: nowMs.value, utc: url.value.tz === 'utc' })
      if (choice?.kind !== 'id') return undefined
      const timeMs = Number(choice.id.split('-')[0])
      return { startMs: timeMs, endMs: timeMs }
    })
  const resolved = { a: resolvedOf('a'), b: resolvedOf('b') }
  /** Both plots are as long, so that they can be compared by eye. */
  const spanMs = computed(() =>
    Math.max(
      shortestPlotMs,
      ...[resolved.a.value, resolved.b.value].map((range) =>
        range === undefined ? 0 : range.endMs - range.startMs,
      ),
    ),
  )
  const sideOf = (side: SideName): SideState => {
    const choice = choices[side]
    const item = createResource(
      () => (choice.value?.kind === 'id' ? { id: choice.value.id } : undefined),
      ({ id }, abort) => fetchItem(id, abort),
    )
    const query = computed(() => {
      if (choice.value?.kind === 'range') return choice.value.query
      const labels = item.value.data?.labels
      if (choice.value?.kind !== 'id' || labels === undefined) return undefined
      return selectorOf(labels)
    })
    const plot = createResource(() => {
      const range = resolved[side].value
      if (range === undefined || query.value === undefined) return undefined
      const { type } = url.value
      return {
        query: query.value,
        ...plotRange(range, spanMs.value, nowMs.value),
        ...(type === '' ? {} : { type }),
      }
    }, fetchRange)
    return { choice, resolved: resolved[side], item, query, plot }
  }
  const viewSide = (side: SideName): ViewSide | undefined => {
    const choice = choices[side].value
    if (choice?.kind === 'id') return { id: choice.id }
    if (choice?.kind === 'file') {
      const file = files.get(choice.number)
      return file && { file: file.number }
    }
    const range = resolved[side].value
    return choice === undefined || range === undefined ? undefined : { query: choice.query, ...range }
  }
  return {
    a: sideOf('a'),
    b: sideOf('b'),
    sides: computed(() => {
      const [base, profile] = [viewSide('a'), viewSide('b')]
      if (profile === undefined) return base && { profile: base }
      return base === undefined ? { profile } : { profile, base }
    }),
    nowMs,
    refresh() {
      nowMs.value = Date.now()
    },
  }
}

const shortestPlotMs = 5 * 60_000

async function fetchItem(id: string, abort: AbortSignal): Promise<Loaded<ProfileItem | undefined>> {
  const timeMs = Number(id.split('-')[0])
  // Both ends are inclusive: every series scraped in this very millisecond.
  const around = { query: '{}', startMs: timeMs, endMs: timeMs + 1, limit: 500 }
  const { data, warnings } = await fetchProfiles(around, abort)
  return { data: data.profiles.find((profile) => profile.id === id), warnings }
}
