import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type {
  BreakdownAnswer,
  PeekAnswer,
  SourceAnswer,
  TableAnswer,
  TagsAnswer,
} from '../../query/api/view-types.ts'
import { fetchAnswer, type Loaded, seconds } from '../api.ts'
import { normOf, scaleOf } from '../model/compare-scale.ts'
import type { FlameLayout } from '../model/flame-layout.ts'
import { type FlameShape, firstLevels } from '../model/flame-picture.ts'
import type { UrlState } from '../model/url-state.ts'
import { exactly } from '../model/view-filters.ts'
import { createResource, type Resource } from '../resource.ts'
import { createViewApi, noFilters, type ViewSide, type ViewSource } from '../view-api.ts'
import { createAskedWorker } from '../workers/ask-worker.ts'
import { createFlameClient, type OpenedTree } from '../workers/flame-client.ts'
import type { FlameHead } from '../workers/flame-messages.ts'
import type { FileState } from './opened-file.ts'

/** What is open, as the page that shows it says: the sample type and the filters are added here. */
export interface ViewSides {
  readonly profile: ViewSide
  readonly base?: ViewSide
}

/** The head of a flame graph's answer, and the tree itself, which lives in a worker. */
export interface OpenedFlame extends FlameHead {
  readonly opened: OpenedTree
}

export interface DrawnFlame {
  readonly head: FlameHead
  readonly layout: FlameLayout
  readonly shape: FlameShape
}

/** Everything inside an open profile or comparison; each view is asked for when it is first shown. */
export interface ViewState {
  readonly source: ReadonlySignal<ViewSource | undefined>
  readonly flame: Resource<ViewSource, OpenedFlame>
  /** The flame graph as it is drawn now. */
  readonly picture: Resource<unknown, DrawnFlame>
  readonly callers: Resource<unknown, DrawnFlame>
  readonly callees: Resource<unknown, DrawnFlame>
  /** Draws more of a picture that is unfinished: so many levels, and all of the frame that names lead to. */
  readonly deepen: (levels: number, within: readonly string[]) => void
  /** Asks for what was left out below a node, and draws it. */
  readonly openRest: (path: string) => Promise<void>
  /** Another format of what is open, for a file that the server has no address for. */
  readonly download: (source: ViewSource, format: string) => Promise<Response>
  readonly top: Resource<ViewSource, TableAnswer>
  readonly peek: Resource<unknown, PeekAnswer>
  readonly lines: Resource<unknown, SourceAnswer>
  readonly tags: Resource<unknown, TagsAnswer>
  readonly breakdown: Resource<unknown, BreakdownAnswer>
  /** SVG. */
  readonly graph: Resource<unknown, string>
  /** Says which function the pointer is on, or the keys are at; "" is none. */
  readonly point: (name: string, by: 'hover' | 'focus') => void
  /** The function that keys mean: the one pointed at, else the one in focus; "" where there is none. */
  readonly pointed: () => string
}

export interface ViewStateOptions {
  readonly url: ReadonlySignal<UrlState>
  readonly nowMs: ReadonlySignal<number>
  readonly sides: ReadonlySignal<ViewSides | undefined>
  readonly files: Pick<FileState, 'get'>
}

/** More than a screen can show; what is beyond is one row per parent, and opens when asked. */
const maxNodes = 150_000

export function createViewState({ url, nowMs, sides, files }: ViewStateOptions): ViewState {
  const api = createViewApi((number) => files.get(number)?.bytes)
  const client = createFlameClient()
  const graphviz = createAskedWorker<string, string>('dot-worker')
  const source = computed((): ViewSource | undefined => {
    if (sides.value === undefined) return undefined
    const { f, i, h, so, sf, tf, ti, type } = url.value
    return { ...sides.value, type, filters: { ...noFilters, f, i, h, s: so, sf, tf, ti } }
  })
  const view = computed(() => url.value.view)
  const shows = (...views: string[]) => (views.includes(view.value) ? source.value : undefined)
  const retry = { retry: nowMs }
  /** With what a view adds to the question; nothing to ask where one of it is "". */
  const asking = <Extra extends object>(shown: ViewSource | undefined, extra: Extra) =>
    shown === undefined || Object.values(extra).includes('') ? undefined : { shown, ...extra }

  const flame = createResource(
    () =>
      source.value && { source: source.value, isWhole: url.value.inv === '1' || view.value === 'callers' },
    createFlameLoader(api, client),
    retry,
  )
  const grafted = signal<OpenedTree | undefined>(undefined)
  const opened = computed(() => {
    const { data } = flame.value
    if (data === undefined) return undefined
    return grafted.value?.tree === data.opened.tree ? { ...data, opened: grafted.value } : data
  })
  const deeper = signal<Pick<FlameShape, 'levels' | 'within'>>({})
  const draw = (shape: () => FlameShape | undefined) =>
    createResource(
      () => {
        const now = shape()
        const { value } = opened
        if (now === undefined || value === undefined) return undefined
        const scale = scaleOf(value, normOf(value, url.value.norm))
        return { tree: value.opened.tree, version: value.opened.version, shape: { ...now, scale } }
      },
      async ({ shape: now }) => {
        const data = opened.peek()
        if (data === undefined) throw new TypeError('nothing is open')
        const layout = await client.picture(data.opened, now)
        return { data: { head: data, layout, shape: now }, warnings: [] }
      },
    )
  const collapsed = () => (url.value.rec === '1' ? { collapsed: true } : {})
  const middle = (side: FlameShape['side']): FlameShape | undefined =>
    view.value === 'callers' && url.value.fn !== '' ? { side, of: url.value.fn, ...collapsed() } : undefined
  const picture = draw(() =>
    url.value.inv === '1'
      ? { side: 'callers', ...collapsed(), ...deeper.value }
      : { side: 'calls', ...collapsed() },
  )
  const pointedAt = { hover: '', focus: '' }
  return {
    source,
    point(name, by) {
      pointedAt[by] = name
    },
    pointed: () => pointedAt.hover || pointedAt.focus,
    flame: computed(() => {
      const { key, data: _, ...state } = flame.value
      const data = opened.value
      return {
        ...state,
        ...(key === undefined ? {} : { key: key.source }),
        ...(data === undefined ? {} : { data }),
      }
    }),
    picture,
    callers: draw(() => middle('callers')),
    callees: draw(() => middle('calls')),
    deepen(levels, within) {
      const before = deeper.peek()
      const next = { levels: Math.max(levels, before.levels ?? firstLevels), within }
      if (JSON.stringify(next) !== JSON.stringify(before)) deeper.value = next
    },
    async openRest(path) {
      const asked = source.peek()
      const data = opened.peek()
      if (asked === undefined || data === undefined) return
      const { signal: never } = new AbortController()
      const params = { format: 'flamegraph', max_nodes: maxNodes, path }
      const bytes = await (await api.bytes(asked, params, never)).arrayBuffer()
      const next = await client.graft(data.opened, path, bytes)
      if (opened.peek()?.opened.tree === next.tree) grafted.value = next
    },
    download: (asked, format) => api.bytes(asked, { format }, new AbortController().signal),
    top: createResource(
      () => shows('both', 'top', 'flame') && { ...source.value!, g: url.value.g },
      ({ g, ...asked }, abort) => api.json<TableAnswer>(asked, { format: 'top', g }, abort),
      retry,
    ),
    peek: createResource(
      () => asking(shows('peek'), { fn: url.value.fn }),
      ({ shown, fn }, abort) => api.json<PeekAnswer>(shown, { format: 'peek', peek: exactly(fn) }, abort),
      retry,
    ),
    lines: createResource(
      () => asking(shows('source'), { fn: url.value.fn }),
      ({ shown, fn }, abort) => api.json<SourceAnswer>(shown, { format: 'source', list: exactly(fn) }, abort),
      retry,
    ),
    tags: createResource(
      () => asking(shows('tags'), {}),
      ({ shown }, abort) => api.json<TagsAnswer>(shown, { format: 'tags' }, abort),
      retry,
    ),
    breakdown: createResource(
      () => asking(shows('tags'), { by: url.value.by || 'pod' }),
      ({ shown, by }, abort) => fetchBreakdown(shown, by, abort),
      retry,
    ),
    graph: createResource(
      () => asking(shows('graph'), { nodes: url.value.nodes || '80' }),
      async ({ shown, nodes }, abort) => {
        const response = await api.bytes(shown, { format: 'dot', n: nodes }, abort)
        return { data: await graphviz.ask(await response.text()), warnings: [] }
      },
      retry,
    ),
  }
}

/** A tree that has all its nodes is not asked for again when all are wanted. */
function createFlameLoader(
  api: ReturnType<typeof createViewApi>,
  client: ReturnType<typeof createFlameClient>,
) {
  let last:
    | { readonly asked: string; readonly isWhole: boolean; readonly loaded: Loaded<OpenedFlame> }
    | undefined
  return async (
    { source, isWhole }: { readonly source: ViewSource; readonly isWhole: boolean },
    abort: AbortSignal,
  ): Promise<Loaded<OpenedFlame>> => {
    const asked = JSON.stringify(source)
    if (last?.asked === asked && (last.isWhole || !isWhole)) return last.loaded
    client.start()
    const params = { format: 'flamegraph', ...(isWhole ? {} : { max_nodes: maxNodes }) }
    const response = await api.bytes(source, params, abort)
    const bytes = await response.arrayBuffer()
    performance.mark('flame-bytes')
    const opened = await client.open(bytes)
    abort.throwIfAborted()
    const loaded = { data: { ...opened.head, opened }, warnings: opened.warnings }
    last = { asked, isWhole: isWhole || opened.restNodes === 0, loaded }
    return loaded
  }
}

function fetchBreakdown(
  { profile, type }: ViewSource,
  by: string,
  abort: AbortSignal,
): Promise<Loaded<BreakdownAnswer>> {
  if (!('query' in profile)) return Promise.reject(new TypeError('only a range has labels to group by'))
  const { query, startMs, endMs } = profile
  return fetchAnswer('breakdown', { query, start: seconds(startMs), end: seconds(endMs), type, by }, abort)
}
