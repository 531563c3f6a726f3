import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Context } from 'koa'
import { rowFlags } from '../../block/rows.ts'
import { encodeMergedProfile } from '../../profile/encode-merged.ts'
import type { Labels } from '../../profile/labels.ts'
import { formatMatchers } from '../../profile/matcher.ts'
import { findProfile } from '../find-profile.ts'
import type { MergeOptions } from '../merge-profiles.ts'
import { mergeReadable } from '../merge-readable.ts'
import { type ProfileSelection, selectProfiles, widenAllocs } from '../select-profiles.ts'
import { collapsed } from '../views/collapsed.ts'
import { flamegraph } from '../views/flamegraph.ts'
import { top } from '../views/top.ts'
import { ApiError, sendData, setWarnings } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
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
  const { found, health, warnings } = await findProfile(options.catalog, id, { signal })
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
    await sendPprof(ctx, body, fileName(series.labels, id.timeMs))
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
  })
}

async function answerMerged(
  ctx: Context,
  given: Parameters,
  { options, signal }: RouteRequest,
): Promise<void> {
  const range = rangeOf(given)
  const matchers = given.query ?? []
  const opened = await options.catalog.open({ ...range, matchers: widenAllocs(matchers), signal })
  const selection = await selectProfiles(opened.sources, { ...range, matchers, signal })
  const warnings = [...opened.warnings, ...selection.warnings]
  const labels = selection.series.map((series) => series.labels)
  onlyProfileType(labels)
  const parts = selection.series.flatMap((series) => series.parts)
  const isStored = parts.some(({ rows, firstRow, lastRow }) =>
    rows.flags.subarray(firstRow, lastRow + 1).some((flags) => (flags & rowFlags.columns) !== 0),
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
    await sendView(ctx, given, { ...request, selection: { ...selection, warnings } })
    return
  }
  // A download adds up as `go tool pprof` would, whatever the numbers are.
  const merged = await mergeReadable(parts, { agg: 'sum', ...request })
  setWarnings(ctx, [...warnings, ...merged.warnings])
  const { sampleTypes } = merged
  const { type } = chooseSampleType(sampleTypes, {
    asked: given.type ?? given.si,
    fallback: selection.defaultType ?? sampleTypes[merged.defaultSampleType]?.type,
  })
  const defaultSampleType = sampleTypes.findIndex((sampleType) => sampleType.type === type)
  const bytes = encodeMergedProfile({ ...merged, defaultSampleType })
  await sendPprof(ctx, bytes, fileName(commonLabels(labels), range.startMs))
}

/** Merges just the sample type that is shown; without `agg` its kind says how. */
async function sendView(
  ctx: Context,
  given: Parameters,
  request: MergeOptions & { readonly selection: ProfileSelection },
): Promise<void> {
  const { selection, ...options } = request
  const sampleTypes = sampleTypesOf(selection)
  const asked = given.type ?? given.si
  const { type } = chooseSampleType(sampleTypes, { asked, fallback: defaultTypeOf(selection) })
  const merged = await mergeReadable(
    selection.series.flatMap(({ parts }) => parts),
    { ...options, type },
  )
  const warnings = [...selection.warnings, ...merged.warnings]
  const shown = merged.sampleTypes.findIndex((sampleType) => sampleType.type === type)
  if (shown < 0)
    throw new ApiError('execution', `show profile: it has no sample type ${JSON.stringify(type)}`)
  if (given.format === 'collapsed') {
    setWarnings(ctx, warnings)
    ctx.type = 'text/plain; charset=utf-8'
    ctx.body = collapsed(merged, shown)
  } else {
    const view = given.format === 'top' ? top(merged, shown) : flamegraph(merged, shown)
    sendData(ctx, { ...view, sampleTypes }, warnings)
  }
}

/** A file, not an encoding: no Content-Encoding, so that what is saved is what `go tool pprof` reads. */
async function sendPprof(ctx: Context, bytes: Uint8Array, name: string): Promise<void> {
  ctx.type = 'application/octet-stream'
  ctx.attachment(name)
  ctx.body = await compress(bytes, { level: 1 })
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
