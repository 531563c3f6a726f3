import type { Answer } from '../query/api/types.ts'
import { ApiError, apiUrl, type Loaded, type Params, type ProfileSource, seconds } from './api.ts'

/** A file that is open, by its number. */
export interface FileSource {
  readonly file: number
}

/** What a side of a view is made of. */
export type ViewSide = ProfileSource | FileSource

/** What is looked at: all that changes numbers. */
export interface ViewSource {
  readonly profile: ViewSide
  /** What it is compared with. */
  readonly base?: ViewSide
  /** Sample type; "" is the profile's own default. */
  readonly type: string
  readonly filters: ViewFilters
}

/** Regular expressions as `go tool pprof` has them; "" is none. */
export interface ViewFilters {
  readonly f: string
  readonly i: string
  readonly h: string
  readonly s: string
  readonly sf: string
  readonly tf: string
  readonly ti: string
}

export const noFilters: ViewFilters = { f: '', i: '', h: '', s: '', sf: '', tf: '', ti: '' }

/** The parameters of `api/v1/profile` that say what is looked at. A file is not among them: it is the body. */
export function viewParams({ profile, base, type, filters }: ViewSource): Params {
  return {
    ...sideParams(profile, ''),
    ...(base === undefined ? {} : sideParams(base, 'base_')),
    ...(base !== undefined && 'file' in base && !('file' in profile) ? { side: 'base' } : {}),
    type,
    ...filters,
  }
}

/** Whether the server has no address for it: a file must be sent along. */
export function hasFile({ profile, base }: ViewSource): boolean {
  return 'file' in profile || (base !== undefined && 'file' in base)
}

/** What is sent along: a file as it is, two as a form; undefined where everything is stored. */
export function bodyOf(
  { profile, base }: ViewSource,
  bytesOf: (file: number) => Blob | undefined,
): Blob | FormData | undefined {
  const bytes = (side: ViewSide | undefined) => {
    if (side === undefined || !('file' in side)) return undefined
    const found = bytesOf(side.file)
    if (found === undefined) throw new ApiError('the file is not open', 'not_found')
    return found
  }
  const [ofProfile, ofBase] = [bytes(profile), bytes(base)]
  if (ofProfile === undefined || ofBase === undefined) return ofProfile ?? ofBase
  const form = new FormData()
  form.append('profile', ofProfile)
  form.append('base', ofBase)
  return form
}

function sideParams(side: ViewSide, prefix: '' | 'base_'): Params {
  if ('file' in side) return {}
  if ('id' in side) return { [`${prefix}id`]: side.id }
  return {
    [`${prefix}query`]: side.query,
    [`${prefix}start`]: seconds(side.startMs),
    [`${prefix}end`]: seconds(side.endMs),
  }
}

/** Asks `api/v1/profile` for views. `bytesOf` gives the bytes of an opened file. */
export interface ViewApi {
  readonly json: <Data>(view: ViewSource, params: Params, signal: AbortSignal) => Promise<Loaded<Data>>
  /** The answer as it came; errors of the server are thrown. */
  readonly bytes: (view: ViewSource, params: Params, signal: AbortSignal) => Promise<Response>
}

export function createViewApi(bytesOf: (file: number) => Blob | undefined): ViewApi {
  const bytes: ViewApi['bytes'] = async (view, params, signal) => {
    const body = bodyOf(view, bytesOf)
    const url = apiUrl('profile', { ...viewParams(view), ...params })
    let response: Response
    try {
      response = await fetch(url, body === undefined ? { signal } : { signal, method: 'POST', body })
    } catch {
      signal.throwIfAborted()
      throw new ApiError('the server cannot be reached', 'unreachable')
    }
    if (!response.ok) throw await errorOf(response)
    return response
  }
  return {
    bytes,
    async json<Data>(view: ViewSource, params: Params, signal: AbortSignal) {
      const response = await bytes(view, params, signal)
      const answer: Answer<Data> = await response.json()
      if (answer.status !== 'success') throw new ApiError(answer.error, answer.errorType)
      return { data: answer.data, warnings: answer.warnings ?? [] }
    },
  }
}

/** Errors come as JSON, or as text where a download was asked for. */
async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text()
  try {
    const answer = JSON.parse(text) as Answer<unknown>
    if (answer.status === 'error') return new ApiError(answer.error, answer.errorType, answer.position)
  } catch {
    // Text, then.
  }
  return new ApiError(text.trim() || `the server answered with HTTP ${response.status}`, 'internal')
}
