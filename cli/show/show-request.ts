import type { ProfileFormat } from '../../query/api/profile-parameters.ts'

/** What `conprof show` asks, of whoever has the profiles. */
export interface ShowRequest {
  /** `pgo` is a route of its own. */
  readonly route: 'profile' | 'pgo'
  readonly format: ProfileFormat
  /** Of the route, but for files. */
  readonly search: URLSearchParams
  readonly source: ShowSource
  /** pprof files, as they are on disk. */
  readonly file: string | undefined
  readonly baseFile: string | undefined
}

export type ShowSource =
  | { readonly kind: 'server'; readonly url: string; readonly tokenFile: string | undefined }
  | {
      readonly kind: 'bucket'
      readonly storagePath: string
      readonly objstoreConfigFiles: readonly string[]
    }
  /** Files alone. */
  | { readonly kind: 'none' }

/** As commander gives them, by the flags' names. */
export interface ShowValues {
  readonly start?: number
  readonly end?: number
  readonly at?: number
  readonly id?: string
  readonly base?: string
  readonly baseStart?: number
  readonly baseEnd?: number
  readonly baseAt?: number
  readonly baseAgo?: number
  readonly baseId?: string
  readonly baseFile?: string
  readonly url?: string
  readonly 'web.tokenFile'?: string
  readonly file?: string
  readonly 'storage.path'?: string
  readonly 'objstore.configFile': readonly string[]
  /** Those that are parameters of the API under the same names. */
  readonly [parameter: string]: unknown
}

/** Flags that are the API's parameters of the same names. */
export const passedOn = [
  'agg',
  'focus',
  'ignore',
  'hide',
  'show',
  'show_from',
  'prune_from',
  'tagfocus',
  'tagignore',
  'tagshow',
  'taghide',
  'granularity',
  'noinlines',
  'normalize',
  'sort',
  'nodecount',
  'nodefraction',
  'edgefraction',
] as const

/**
 * Puts the flags together. Throws one-line errors for those that contradict each other. `nowMs` is what relative times
 * were read against.
 */
export function showRequest(
  format: ProfileFormat | 'tree' | 'pgo' | 'diff',
  given: { readonly selector: string | undefined; readonly pattern?: string | undefined },
  values: ShowValues,
  nowMs: number,
): ShowRequest {
  const { selector, pattern } = given
  const { file, baseFile, id } = values
  const search = new URLSearchParams()
  const set = (name: string, value: unknown) => {
    if (value !== undefined) search.set(name, String(value))
  }
  const wanted = [selector, id, file].filter((each) => each !== undefined).length
  if (wanted !== 1) {
    const seen = wanted === 0 ? 'none is given' : `${wanted} are given`
    throw new Error(
      `show ${format}: want a selector such as '{service_name="shop/cart", profile_type="cpu"}', --id or --file: ${seen}`,
    )
  }
  if (file !== undefined && baseFile !== undefined && hasStoredBase(values))
    throw new Error(`show ${format}: want --base-file or another base, both are given`)
  const range = rangeOf(values, nowMs, format === 'pgo' ? 24 * hourMs : hourMs)
  set('query', selector)
  set('id', id)
  if (selector !== undefined) {
    set('start', seconds(range.startMs))
    set('end', seconds(range.endMs))
  }
  const source = sourceOf(values)
  const isLocal = file !== undefined && !hasStoredBase(values)
  const common = { file, baseFile, source: isLocal ? ({ kind: 'none' } as const) : source }
  if (format === 'pgo') {
    if (selector === undefined) throw new Error('show pgo: want a selector')
    return { route: 'pgo', format: 'pprof', search, ...common }
  }
  const shown = format === 'diff' ? 'top' : format === 'tree' ? 'peek' : format
  set('format', shown)
  set('type', values['sample_index'])
  for (const name of passedOn) set(name, values[name])
  // They say how much of the whole answer is printed.
  if (shown === 'top' || shown === 'flamegraph')
    for (const name of ['nodecount', 'nodefraction']) search.delete(name)
  if (shown === 'peek') set('peek', pattern)
  if (shown === 'source') set('list', pattern)
  setBase(search, { values, range, isNeeded: format === 'diff', selector, nowMs })
  if (baseFile !== undefined && file === undefined) search.set('side', 'base')
  return { route: 'profile', format: shown, search, ...common }
}

interface Range {
  readonly startMs: number
  readonly endMs: number
}

function setBase(
  search: URLSearchParams,
  options: {
    readonly values: ShowValues
    readonly range: Range
    readonly isNeeded: boolean
    readonly selector: string | undefined
    readonly nowMs: number
  },
): void {
  const { values, range, isNeeded, selector, nowMs } = options
  if (values.baseFile !== undefined) {
    if (hasStoredBase(values)) throw new Error('show: want --base-file or another base, both are given')
    return
  }
  if (values.baseId !== undefined) {
    search.set('base_id', values.baseId)
    return
  }
  if (!hasStoredBase(values) && !isNeeded) return
  const query = values.base ?? selector
  if (query === undefined) throw new Error('show diff: want --base, --base-id or --base-file to compare with')
  const lengthMs = range.endMs - range.startMs
  // Nothing said: the time before, of the same length. Another selector: the same time.
  const isBefore = values.base === undefined && values.baseAgo === undefined
  const agoMs = values.baseAgo ?? (isBefore ? lengthMs : 0)
  const { baseStart: start, baseEnd: end, baseAt: at } = values
  const isGiven = [start, end, at].some((each) => each !== undefined)
  const base = isGiven
    ? rangeOf({ start, end, at }, nowMs, lengthMs)
    : { startMs: range.startMs - agoMs, endMs: range.endMs - agoMs }
  search.set('base_query', query)
  search.set('base_start', seconds(base.startMs))
  search.set('base_end', seconds(base.endMs))
}

/** Whether the base is something that is stored. */
function hasStoredBase({ base, baseId, baseStart, baseEnd, baseAt, baseAgo }: ShowValues): boolean {
  return [base, baseId, baseStart, baseEnd, baseAt, baseAgo].some((value) => value !== undefined)
}

function rangeOf(
  {
    start,
    end,
    at,
  }: {
    readonly start?: number | undefined
    readonly end?: number | undefined
    readonly at?: number | undefined
  },
  nowMs: number,
  lengthMs: number,
): Range {
  if (at !== undefined) {
    if (start !== undefined || end !== undefined) throw new Error('show: want --at, or --start and --end')
    return { startMs: at - aroundMs, endMs: at + aroundMs }
  }
  const endMs = end ?? (start === undefined ? nowMs : Math.min(nowMs, start + lengthMs))
  const startMs = start ?? endMs - lengthMs
  if (startMs > endMs) throw new Error(`show: --start ${iso(startMs)} lies after --end ${iso(endMs)}`)
  return { startMs, endMs }
}

function sourceOf(values: ShowValues): ShowSource {
  const { url, 'storage.path': storagePath, 'objstore.configFile': objstoreConfigFiles } = values
  if (storagePath === undefined && objstoreConfigFiles.length === 0)
    return { kind: 'server', url: url ?? defaultUrl, tokenFile: values['web.tokenFile'] }
  if (url !== undefined) throw new Error('show: want --url, or --storage.path or --objstore.config-file')
  return { kind: 'bucket', storagePath: storagePath ?? './data', objstoreConfigFiles }
}

function seconds(timeMs: number): string {
  return String(timeMs / 1000)
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

export const defaultUrl = 'http://localhost:8080'
const hourMs = 60 * 60 * 1000
/** To either side of --at. */
const aroundMs = 5 * 60 * 1000
