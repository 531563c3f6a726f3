import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { ProfileItem, ProfilesAnswer, QueryRangeAnswer, TargetsAnswer } from '../query/api/types.ts'
import type { HeatmapAnswer } from '../query/api/view-types.ts'
import {
  fetchHeatmap,
  fetchLabelValues,
  fetchProfiles,
  fetchRange,
  fetchTargets,
  type ProfileSource,
  type Selection,
  seconds,
} from './api.ts'
import { type DotSeries, toDotSeries } from './model/dots.ts'
import { maxDots } from './model/heat-cells.ts'
import { carriedSearch, type Page, pagePaths, readPlace } from './model/routes.ts'
import { formatSelector } from './model/selector-format.ts'
import { type ResolvedRange, resolveRange } from './model/time-range.ts'
import { parseUrlState, patchSearch, type UrlPatch, type UrlState } from './model/url-state.ts'
import { createResource, type Resource } from './resource.ts'
import { type CompareState, createCompareState } from './state/compare-state.ts'
import { keepReloading } from './state/keep-reloading.ts'
import { createFileState, type FileState } from './state/opened-file.ts'
import { loadSelectorGrammar } from './state/selector-grammar.ts'
import { createViewState, type ViewSides, type ViewState } from './state/view-state.ts'
import { createTheme, type ThemeChoice } from './theme.ts'

export interface Store extends ThemeChoice {
  readonly page: ReadonlySignal<Page>
  readonly url: ReadonlySignal<UrlState>
  /** The query string itself, for pages that keep keys of their own there. */
  readonly search: ReadonlySignal<string>
  /** Changes the query string; `replace` leaves no step for the back button. */
  readonly go: (patch: UrlPatch, options?: { readonly page?: Page; readonly replace?: boolean }) => void
  /** Goes to an address below the prefix: `explore?q=…`. */
  readonly open: (path: string) => void
  /** An address inside the UI, for links. */
  readonly href: (page: Page, patch?: UrlPatch) => string
  readonly utc: ReadonlySignal<boolean>
  readonly nowMs: ReadonlySignal<number>
  readonly reload: () => void
  /** The range of the URL against the clock of the last reload. */
  readonly resolved: ReadonlySignal<ResolvedRange>
  /** What the URL selects, else a sensible beginning; undefined until that is known. */
  readonly selector: ReadonlySignal<string | undefined>
  readonly menus: Readonly<Record<MenuLabel, Resource<unknown, readonly string[]>>>
  readonly range: Resource<Selection, QueryRangeAnswer>
  readonly dots: ReadonlySignal<readonly DotSeries[]>
  /** Whether dots stand for cores in use rather than for CPU time. */
  readonly perSecond: ReadonlySignal<boolean>
  /** Whether there are more profiles than dots are drawn for; then `heat` counts them. */
  readonly isCrowded: ReadonlySignal<boolean>
  readonly heat: Resource<Selection, HeatmapAnswer>
  readonly listLimit: ReadonlySignal<number>
  readonly showMore: () => void
  readonly profiles: Resource<
    Selection & { readonly limit: number; readonly sort: 'time' | 'total' },
    ProfilesAnswer
  >
  /** What is open below the plot. */
  readonly source: ReadonlySignal<ProfileSource | undefined>
  readonly item: Resource<{ readonly id: string }, ProfileItem | undefined>
  /** What is inside of it, or of the comparison or the file that another page shows. */
  readonly view: ViewState
  readonly compare: CompareState
  readonly file: FileState
  readonly targets: Resource<unknown, TargetsAnswer>
  /** Something to say to screen readers and for a moment on the screen. */
  readonly notice: ReadonlySignal<string>
  readonly say: (text: string) => void
}

export const menuLabels = ['service_name', 'job', 'profile_type'] as const
export type MenuLabel = (typeof menuLabels)[number]

export function createStore(): Store {
  const place = signal(currentPlace())
  addEventListener('popstate', () => {
    place.value = currentPlace()
  })
  const page = computed(() => place.value.page)
  const search = computed(() => place.value.search)
  const url = computed(() => parseUrlState(search.value))
  const utc = computed(() => url.value.tz === 'utc')
  const href = (to: Page, patch: UrlPatch = {}) =>
    pageHref(to, patchSearch(carriedSearch(search.value, page.value, to), patch))
  const go: Store['go'] = (patch, { page: to = page.peek(), replace = false } = {}) => {
    const target = href(to, patch)
    if (target === location.href) return
    if (replace) history.replaceState(null, '', target)
    else history.pushState(null, '', target)
    place.value = currentPlace()
  }
  const open = (path: string) => {
    history.pushState(null, '', new URL(`./${path}`, document.baseURI).href)
    place.value = currentPlace()
  }

  const nowMs = signal(Date.now())
  const reload = () => {
    nowMs.value = Date.now()
  }
  const { theme, setTheme, dark } = createTheme()

  const resolved = computed(() => resolveRange(url.value, { nowMs: nowMs.value, utc: utc.value }))
  const menuRange = computed(() => ({
    start: seconds(resolved.value.startMs),
    end: seconds(resolved.value.endMs),
  }))
  const onExplore = () => page.value === 'explore'
  const selectors = loadSelectorGrammar(onExplore)
  // What is plotted comes first; what surrounds it does not compete with it for the server.
  const plotted = signal(false)
  const menu = (label: MenuLabel) =>
    createResource(
      () => {
        const { q } = url.value
        if (!onExplore()) return undefined
        if (q === undefined) return { match: '{}', ...menuRange.value }
        const match = plotted.value ? selectors.value?.withMatcher(q, label, undefined) : undefined
        return match === undefined ? undefined : { match, ...menuRange.value }
      },
      ({ match, start, end }, abort) => fetchLabelValues(label, match, { start, end }, abort),
    )
  const menus = { service_name: menu('service_name'), job: menu('job'), profile_type: menu('profile_type') }

  const selector = computed(
    () => url.value.q ?? beginning(menus.profile_type.value.data, menus.service_name.value.data),
  )
  const selection = computed((): Selection | undefined =>
    onExplore() && selector.value !== undefined
      ? {
          query: selector.value,
          ...resolved.value,
          ...(url.value.type === '' ? {} : { type: url.value.type }),
        }
      : undefined,
  )
  const sameQuestion = (before: Selection, now: Selection) =>
    before.query === now.query && before.type === now.type
  const range = createResource(() => selection.value, fetchRange, { keep: sameQuestion })
  const isCrowded = computed(() => (range.value.data?.profiles ?? 0) > maxDots)
  effect(() => {
    const { data, error } = range.value
    if (data !== undefined || error !== undefined) plotted.value = true
  })
  const perSecond = computed(() => {
    const { kind, unit } = range.value.data ?? {}
    return url.value.per === 'second' && kind === 'duration' && unit === 'nanoseconds' && !isCrowded.value
  })
  const dots = computed(() =>
    range.value.data === undefined ? [] : toDotSeries(range.value.data, { perSecond: perSecond.value }),
  )
  const heat = createResource(
    () => (isCrowded.value && range.value.key !== undefined ? range.value.key : undefined),
    fetchHeatmap,
    { keep: sameQuestion },
  )

  const source = computed((): ProfileSource | undefined => {
    const { id, mfrom, mto, type } = url.value
    if (!onExplore()) return undefined
    const typed = type === '' ? {} : { type }
    if (id !== '') return { id, ...typed }
    const startMs = Number(mfrom)
    const endMs = Number(mto)
    if (mfrom === '' || !(startMs < endMs) || selector.value === undefined) return undefined
    return { query: selector.value, startMs, endMs, ...typed }
  })
  const listLimit = signal(50)
  const profiles = createResource(
    () =>
      selection.value !== undefined && source.value === undefined && range.value.data !== undefined
        ? {
            ...selection.value,
            limit: listLimit.value,
            sort: url.value.order === 'value' ? ('total' as const) : ('time' as const),
          }
        : undefined,
    fetchProfiles,
    { keep: sameQuestion },
  )
  const item = createResource(
    () => (url.value.id === '' || !onExplore() ? undefined : { id: url.value.id }),
    async ({ id }, abort) => {
      const timeMs = Number(id.split('-')[0])
      // Both ends are inclusive: every series scraped in this very millisecond.
      const around = { query: '{}', startMs: timeMs, endMs: timeMs + 1, limit: 500 }
      const { data, warnings } = await fetchProfiles(around, abort)
      return { data: data.profiles.find((profile) => profile.id === id), warnings }
    },
    { keep: () => false, retry: nowMs },
  )
  const file = createFileState()
  const compare = createCompareState({ page, url, files: file })
  const sides = computed((): ViewSides | undefined => {
    if (page.value === 'compare') return compare.sides.value
    if (page.value === 'file') return file.opened.value && { profile: { file: file.opened.value.number } }
    return source.value && { profile: source.value }
  })
  const view = createViewState({ url, nowMs, sides, files: file })

  const nothingThere = computed(() => range.value.data !== undefined && dots.value.length === 0)
  const targets = createResource(
    () => (page.value === 'targets' ? { at: nowMs.value } : undefined),
    (_key, abort) => fetchTargets(abort),
  )

  keepReloading({ url, page, reload, hurry: nothingThere })

  const notice = signal('')
  let noticeTimer: ReturnType<typeof setTimeout> | undefined
  const say = (text: string) => {
    notice.value = text
    clearTimeout(noticeTimer)
    noticeTimer = setTimeout(() => {
      notice.value = ''
    }, 2500)
  }
  const showMore = () => {
    listLimit.value = Math.min(1000, listLimit.peek() * 2)
  }
  return {
    page,
    url,
    search,
    go,
    open,
    href,
    utc,
    nowMs,
    reload,
    theme,
    setTheme,
    dark,
    resolved,
    selector,
    menus,
    range,
    dots,
    perSecond,
    isCrowded,
    heat,
    listLimit,
    showMore,
    profiles,
    source,
    item,
    view,
    compare,
    file,
    targets,
    notice,
    say,
  }
}

export const StoreContext = createContext<Store | undefined>(undefined)

export function useStore(): Store {
  const store = useContext(StoreContext)
  if (store === undefined) throw new TypeError('useStore is called outside of StoreContext')
  return store
}

function pageHref(page: Page, search: string): string {
  // An empty reference would be this document and its query string, not the base.
  return new URL(`./${pagePaths[page]}${search}`, document.baseURI).href
}

/** What the address bar shows; an address that stands for another becomes that one. */
function currentPlace(): { readonly page: Page; readonly search: string } {
  const base = new URL(document.baseURI).pathname
  const path = location.pathname.startsWith(base) ? location.pathname.slice(base.length) : ''
  const place = readPlace(path, location.search, Date.now())
  const href = pageHref(place.page, place.search)
  if (new URL(href).pathname !== location.pathname || place.search !== location.search)
    history.replaceState(null, '', href + location.hash)
  return place
}

/** Where a person begins who chose nothing: one profile type, because different types cannot be added. */
function beginning(
  types: readonly string[] | undefined,
  services: readonly string[] | undefined,
): string | undefined {
  if (types === undefined) return undefined
  const type = types.includes('cpu') ? 'cpu' : types[0]
  if (type === undefined) return '{}'
  const service = services?.length === 1 ? services[0] : undefined
  return formatSelector([
    ...(service === undefined ? [] : [{ label: 'service_name', op: '=', value: service }]),
    { label: 'profile_type', op: '=', value: type },
  ])
}
