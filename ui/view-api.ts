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
    ...(base !== undefined && 'file' in base ? { side: 'base' } : {}),
    type,
    ...filters,
  }
}

/** The file that must be sent along, or undefined. */
export function fileOf({ profile, base }: ViewSource): number | undefined {
  if ('file' in profile) return profile.file
  return base !== undefined && 'file' in base ? base.file : undefined
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

/** Asks `api/v1/profile` for views. `bodyOf` gives the bytes of an opened file. */
export interface ViewApi {
  readonly json: <Data>(view: ViewSource, params: Params, signal: AbortSignal) => Promise<Loaded<Data>>
  /** The answer as it came; errors of the server are thrown. */
  readonly bytes: (view: ViewSource, params: Params, signal: AbortSignal) => Promise<Response>
}

export function createViewApi(bodyOf: (file: number) => Blob | undefined): ViewApi {
  const bytes: ViewApi['bytes'] = async (view, params, signal) => {
    const file = fileOf(view)
    const body = file === undefined ? undefined : bodyOf(file)
    if (file !== undefined && body === undefined) throw new ApiError('the file is not open', 'not_found')
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
