import type {
  Answer,
  ErrorType,
  LabelSet,
  ProfilesAnswer,
  QueryRangeAnswer,
  TargetsAnswer,
} from '../query/api/types.ts'
import type { HeatmapAnswer } from '../query/api/view-types.ts'

export type Params = Readonly<Record<string, string | number | undefined>>

export interface Loaded<Data> {
  readonly data: Data
  readonly warnings: readonly string[]
}

/** What the server refused, or that it cannot be reached (`unreachable`). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ErrorType | 'unreachable'
  readonly position: { readonly from: number; readonly to: number } | undefined

  constructor(message: string, code: ApiError['code'], position?: ApiError['position']) {
    super(message)
    this.code = code
    this.position = position
  }
}

/** Reads `api/v1/<path>` below the page's base. Throws ApiError, or the signal's reason. */
export function fetchAnswer<Data>(path: string, params: Params, signal: AbortSignal): Promise<Loaded<Data>> {
  return ask(apiUrl(path, params), { signal, headers: { accept: 'application/json' } })
}

/** Asks for a change, which the server has to allow. Throws ApiError. */
export function sendJson<Data>(
  method: 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Loaded<Data>> {
  return ask(apiUrl(path, {}), {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

async function ask<Data>(url: string, init: RequestInit): Promise<Loaded<Data>> {
  let response: Response
  let answer: Answer<Data>
  try {
    response = await fetch(url, init)
    answer = await response.json()
  } catch (error) {
    init.signal?.throwIfAborted()
    if (error instanceof SyntaxError) {
      throw new ApiError('the server’s answer cannot be read: it is not JSON', 'internal')
    }
    throw new ApiError('the server cannot be reached', 'unreachable')
  }
  if (answer.status === 'success') return { data: answer.data, warnings: answer.warnings ?? [] }
  const message = answer.error ?? `the server answered with HTTP ${response.status}`
  throw new ApiError(message, answer.errorType ?? 'internal', answer.position)
}

/** An absolute address, for links, downloads and commands to copy. */
export function apiUrl(path: string, params: Params): string {
  const url = new URL(`api/v1/${path}`, document.baseURI)
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') url.searchParams.append(name, String(value))
  }
  return url.href
}

export interface Selection {
  readonly query: string
  readonly startMs: number
  readonly endMs: number
  readonly type?: string
}

export function fetchRange(selection: Selection, signal: AbortSignal): Promise<Loaded<QueryRangeAnswer>> {
  return fetchAnswer('query_range', selectionParams(selection), signal)
}

/** The same as counts, for more profiles than could be told apart. */
export function fetchHeatmap(selection: Selection, signal: AbortSignal): Promise<Loaded<HeatmapAnswer>> {
  return fetchAnswer('heatmap', { ...selectionParams(selection), columns: 160, rows: 24 }, signal)
}

export function fetchProfiles(
  selection: Selection & { readonly limit: number; readonly sort?: 'time' | 'total' },
  signal: AbortSignal,
): Promise<Loaded<ProfilesAnswer>> {
  const { limit, sort } = selection
  return fetchAnswer('profiles', { ...selectionParams(selection), limit, sort }, signal)
}

/** One stored profile by `id`, or the merge of a selection. */
export type ProfileSource = { readonly id: string; readonly type?: string } | Selection

export function profileParams(source: ProfileSource): Params {
  return 'id' in source ? { id: source.id, type: source.type } : selectionParams(source)
}

export function fetchTargets(signal: AbortSignal): Promise<Loaded<TargetsAnswer>> {
  return fetchAnswer('targets', {}, signal)
}

export function fetchLabels(
  match: string,
  range: Params,
  signal: AbortSignal,
): Promise<Loaded<readonly string[]>> {
  return fetchAnswer('labels', { ...range, 'match[]': match }, signal)
}

export function fetchLabelValues(
  label: string,
  match: string,
  range: Params,
  signal: AbortSignal,
): Promise<Loaded<readonly string[]>> {
  return fetchAnswer(`label/${encodeURIComponent(label)}/values`, { ...range, 'match[]': match }, signal)
}

export function fetchSeries(
  match: string,
  range: Params,
  signal: AbortSignal,
): Promise<Loaded<readonly LabelSet[]>> {
  return fetchAnswer('series', { ...range, 'match[]': match }, signal)
}

/** Unix seconds with fraction, as the API takes them. */
export function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

export function selectionParams({ query, startMs, endMs, type }: Selection): Params {
  return { query, start: seconds(startMs), end: seconds(endMs), type }
}
