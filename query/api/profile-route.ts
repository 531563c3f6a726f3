import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Context } from 'koa'
import { rowFlags } from '../../block/rows.ts'
import type { Labels } from '../../profile/labels.ts'
import { formatMatchers } from '../../profile/matcher.ts'
import { findProfile } from '../find-profile.ts'
import type { MergeOptions } from '../merge-profiles.ts'
import { type MergedView, mergedView, type ViewRequest } from '../merged-view.ts'
import { isMerged } from '../read-sums.ts'
import type { SeriesPart } from '../select.ts'
import { type ProfileSelection, widenAllocs } from '../select-profiles.ts'
import { selectWithin } from '../select-within.ts'
import { ApiError, sendJson, setWarnings } from './answer.ts'
import type { ApiOptions, RouteRequest } from './create-api.ts'
import { profileParameters, rangeOf, readParameters } from './parameters.ts'
import { parseProfileId } from './profile-id.ts'
import { chooseSampleType, defaultTypeOf, onlyProfileType, sampleTypesOf } from './sample-types.ts'

const compress = promisify(gzip)

type Parameters = ReturnType<typeof readProfileParameters>

function readProfileParameters(ctx: Context) {
  return readParameters(profileParameters, new URLSearchParams(ctx.querystring))
}

export async function answerProfile(ctx: Context, request: RouteRequest): Promise<void> {
  const given = readProfileParameters(ctx)
  if (given.base_query !== undefined || given.base_start !== undefined || given.base_end !== undefined) {
    throw new ApiError('execution', 'compare with base_query: this version cannot compare yet')
  }
  if (given.id === undefined && given.query === undefined) {
    throw new ApiError('bad_data', 'parameter "id" or "query": one of them is needed')
  }
  if (given.id !== undefined && given.query !== undefined) {
    throw new ApiError('bad_data', 'parameters "id" and "query": want one of them')
  }
  if (given.id !== undefined) await answerStored(ctx, given, request)
  else await answerMerged(ctx, given, request)
}

async function answerStored(ctx: Context, given: Parameters, request: RouteRequest): Promise<void> {
  const { signal, options } = request
  const text = given.id ?? ''
  const id = parseProfileId(text)
  if (id === undefined) {
    throw new ApiError('bad_data', `parameter "id": ${JSON.stringify(text)}, want <unix ms>-<16 hex digits>`)
  }
  const { found, health, isThinned, warnings } = await findProfile(options.catalog, id, { signal })
  if (isThinned)
    throw new ApiError('not_found', `profile ${text}: it was thinned out, its totals are all that is left`)
  if (found === undefined && health !== undefined)
    throw new ApiError('not_found', `profile ${text}: that attempt brought no profile, it ended ${health}`)
  if (found === undefined) {
    const missing = warnings.length === 0 ? '' : `: ${warnings.join('; ')}`
    throw new ApiError(
      warnings.length === 0 ? 'not_found' : 'unavailable',
      `profile ${text}: none is stored${missing}`,
    )
  }
  const { part, series } = found
  if (given.format === 'pprof') {
    const body = await part.reader.body(part.series, part.firstRow, { signal })
    setWarnings(ctx, warnings)
    sendFile(ctx, await compress(body, { level: 1 }), fileName(series.labels, id.timeMs))
    return
  }
  if ((part.rows.flags[part.firstRow]! & rowFlags.columns) === 0) {
    throw new ApiError(
      'execution',
      `profile ${text}: it is no pprof, format=pprof gives its bytes as they came`,
    )
  }
  await sendView(ctx, given, {
    selection: { series: [{ labels: series.labels, parts: [part] }], warnings },
    startMs: id.timeMs,
    endMs: id.timeMs,
    agg: given.agg ?? 'sum',
    signal,
    options,
  })
}

async function answerMerged(
  ctx: Context,
  given: Parameters,
  { options, signal }: RouteRequest,
): Promise<void> {
  const asked = rangeOf(given)
  const matchers = given.query ?? []
  const opened = await options.catalog.open({ ...asked, matchers: widenAllocs(matchers), signal })
  const selection = await selectWithin(opened.sources, { ...asked, matchers, signal }, options.limits)
  const range = { ...asked, startMs: selection.startMs }
  const warnings = [...opened.warnings, ...selection.warnings]
  const labels = selection.series.map((series) => series.labels)
  onlyProfileType(labels)
  const parts = selection.series.flatMap((series) => series.parts)
  const isStored = parts.some(({ rows, firstRow, lastRow }) =>
    rows.flags.subarray(firstRow, lastRow + 1).some(isMerged),
  )
  if (!isStored) {
    const missing = warnings.length === 0 ? '' : `: ${warnings.join('; ')}`
    throw new ApiError(
      warnings.length === 0 ? 'not_found' : 'unavailable',
      `no profile matches ${formatMatchers(matchers)} from ${iso(range.startMs)} to ${iso(range.endMs)}${missing}`,
    )
  }
  const request = { ...range, signal, ...(given.agg === undefined ? {} : { agg: given.agg }) }
  if (given.format !== 'pprof') {
    await sendView(ctx, given, { ...request, options, selection: { ...selection, warnings } })
    return
  }
  const sampleTypes = sampleTypesOf(selection)
  const name = given.type ?? given.si ?? ''
  const type = name === '' ? selection.defaultType : chooseSampleType(sampleTypes, { asked: name }).type
  // A download adds up as `go tool pprof` would, whatever the numbers are.
  const view = await merge(options, parts, { agg: 'sum', ...request }, { format: 'pprof', type, sampleTypes })
  setWarnings(ctx, [...warnings, ...view.warnings])
  sendFile(ctx, view.bytes, fileName(commonLabels(labels), range.startMs))
}

/** Merges just the sample type that is shown; without `agg` its kind says how. */
async function sendView(
  ctx: Context,
  given: Parameters,
  request: MergeOptions & { readonly selection: ProfileSelection; readonly options: ApiOptions },
): Promise<void> {
  const { selection, options, ...range } = request
  const sampleTypes = sampleTypesOf(selection)
  const asked = given.type ?? given.si
  const { type } = chooseSampleType(sampleTypes, { asked, fallback: defaultTypeOf(selection) })
  const parts = selection.series.flatMap((series) => series.parts)
  const view = await merge(options, parts, range, { format: given.format, type, sampleTypes })
  const warnings = [...selection.warnings, ...view.warnings]
  if (given.format === 'collapsed') {
    setWarnings(ctx, warnings)
    ctx.type = 'text/plain; charset=utf-8'
    ctx.body = Buffer.from(view.bytes.buffer)
  } else sendJson(ctx, view.bytes, warnings)
}

async function merge(
  { merges, limits = {} }: ApiOptions,
  parts: readonly SeriesPart[],
  range: MergeOptions,
  view: ViewRequest,
): Promise<MergedView> {
  const { maxBytes } = limits
  const options = { ...range, ...(maxBytes === undefined ? {} : { maxBytes }) }
  try {
    return merges === undefined
      ? await mergedView(parts, options, view)
      : await merges.merge(parts, options, view)
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'NO_VIEW') throw error
    throw new ApiError('execution', (error as Error).message, { cause: error })
  }
}

/** A file, not an encoding: no Content-Encoding, so that what is saved is what `go tool pprof` reads. */
function sendFile(ctx: Context, bytes: Uint8Array, name: string): void {
  ctx.type = 'application/octet-stream'
  ctx.attachment(name)
  ctx.body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function fileName(labels: Labels, timeMs: number): string {
  const parts = [
    labels['service_name'] ?? labels['job'],
    labels['profile_type'],
    iso(timeMs).replaceAll(':', ''),
  ]
  return `${parts
    .filter((part) => part !== undefined && part !== '')
    .join('-')
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '_')}.pb.gz`
}

function commonLabels(series: readonly Labels[]): Labels {
  const [first = {}, ...rest] = series
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((labels) => labels[name] === value)),
  )
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
