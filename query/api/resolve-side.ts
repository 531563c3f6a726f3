import { rowFlags } from '../../block/rows.ts'
import type { Labels } from '../../profile/labels.ts'
import { formatMatchers, type Matcher } from '../../profile/matcher.ts'
import { pprofFacts } from '../../profile/pprof-facts.ts'
import type { SampleType } from '../../profile/symbols.ts'
import type { Catalog } from '../catalog.ts'
import { findProfile } from '../find-profile.ts'
import type { QueryLimits } from '../query-limits.ts'
import { isMerged } from '../read-sums.ts'
import type { SeriesPart } from '../select.ts'
import { widenAllocs } from '../select-profiles.ts'
import { selectWithin } from '../select-within.ts'
import type { TimeRange } from '../time.ts'
import type { ViewSide } from '../view-sides.ts'
import { ApiError } from './answer.ts'
import { parseProfileId } from './profile-id.ts'
import { defaultTypeOf, onlyProfileType, sampleTypesOf } from './sample-types.ts'
import type { Aggregation, ErrorType } from './types.ts'

/** One side of a view, found but not merged. */
export interface ResolvedSide {
  readonly side: ViewSide
  readonly labels: readonly Labels[]
  /** "" where it is not known, as of a file. */
  readonly profileType: string
  readonly sampleTypes: readonly SampleType[]
  /** To show unless another is asked for. */
  readonly defaultType: string | undefined
  /** The same where the request chose it by the profile type it asked for, whatever profiles say. */
  readonly askedType: string | undefined
  /** Unix ms, for names of files; 0 where it is not known. */
  readonly timeMs: number
  /** Why there is nothing in it; undefined where there is something. */
  readonly missing: { readonly code: ErrorType; readonly message: string } | undefined
  /** Why no view can be made of it, though its bytes are stored. */
  readonly opaque: string | undefined
  readonly warnings: readonly string[]
}

export interface SideContext {
  /** Absent where there are only files. */
  readonly catalog?: Catalog | undefined
  readonly limits?: QueryLimits | undefined
  readonly agg?: Aggregation | undefined
  readonly signal: AbortSignal
}

/** The one stored profile with an id; `parameter` is the name that messages give it. */
export async function storedSide(
  text: string,
  { agg = 'sum', signal, parameter, ...context }: SideContext & { readonly parameter: string },
): Promise<ResolvedSide> {
  const id = parseProfileId(text)
  if (id === undefined) {
    const seen = `parameter ${JSON.stringify(parameter)}: ${JSON.stringify(text)}`
    throw new ApiError('bad_data', `${seen}, want <unix ms>-<16 hex digits>`)
  }
  const { found, health, isThinned, warnings } = await findProfile(catalogOf(context), id, { signal })
  const range = { startMs: id.timeMs, endMs: id.timeMs, agg }
  const nothing = (why: string, code: ErrorType = 'not_found'): ResolvedSide => ({
    ...emptySide(range),
    missing: { code, message: `profile ${text}: ${why}` },
    warnings,
  })
  if (isThinned) return nothing('it was thinned out, its totals are all that is left')
  if (found === undefined && health !== undefined)
    return nothing(`that attempt brought no profile, it ended ${health}`)
  if (found === undefined) {
    return warnings.length === 0
      ? nothing('none is stored')
      : nothing(`none is stored: ${warnings.join('; ')}`, 'unavailable')
  }
  const { part, series } = found
  const selection = { series: [{ labels: series.labels, parts: [part] }], warnings }
  return {
    side: { kind: 'stored', parts: [part], range },
    labels: [series.labels],
    profileType: series.labels['profile_type'] ?? '',
    sampleTypes: sampleTypesOf(selection),
    defaultType: defaultTypeOf(selection),
    askedType: undefined,
    timeMs: id.timeMs,
    missing: undefined,
    opaque: isDecoded(part)
      ? undefined
      : `profile ${text}: it is no pprof, format=pprof gives its bytes as they came`,
    warnings,
  }
}

function isDecoded({ rows, firstRow }: SeriesPart): boolean {
  return (rows.flags[firstRow]! & rowFlags.columns) !== 0
}

/** Everything that matches in a range. */
export async function selectedSide(
  matchers: readonly Matcher[],
  asked: TimeRange,
  { limits, agg, signal, ...context }: SideContext,
): Promise<ResolvedSide> {
  const opened = await catalogOf(context).open({ ...asked, matchers: widenAllocs(matchers), signal })
  const selection = await selectWithin(opened.sources, { ...asked, matchers, signal }, limits)
  const { startMs } = selection
  const range = { startMs, endMs: asked.endMs, ...(agg === undefined ? {} : { agg }) }
  const warnings = [...opened.warnings, ...selection.warnings]
  const labels = selection.series.map((series) => series.labels)
  const profileType = onlyProfileType(labels)
  const parts = selection.series.flatMap((series) => series.parts)
  const isStored = parts.some(({ rows, firstRow, lastRow }) =>
    rows.flags.subarray(firstRow, lastRow + 1).some(isMerged),
  )
  if (!isStored) {
    const why = warnings.length === 0 ? '' : `: ${warnings.join('; ')}`
    const message = `no profile matches ${formatMatchers(matchers)} from ${iso(startMs)} to ${iso(asked.endMs)}${why}`
    return {
      ...emptySide(range),
      missing: { code: warnings.length === 0 ? 'not_found' : 'unavailable', message },
      warnings,
    }
  }
  return {
    side: { kind: 'stored', parts, range },
    labels,
    profileType,
    sampleTypes: sampleTypesOf(selection),
    defaultType: defaultTypeOf(selection),
    askedType: selection.defaultType,
    timeMs: startMs,
    missing: undefined,
    opaque: undefined,
    warnings,
  }
}

/** A file that came with the request, as uncompressed pprof. Throws NotPprofError. */
export function fileSide(bytes: Uint8Array): ResolvedSide {
  const { sampleTypes, defaultSampleType, timeNanos } = pprofFacts(bytes)
  return {
    side: { kind: 'file', bytes },
    labels: [],
    profileType: '',
    sampleTypes,
    defaultType: sampleTypes[defaultSampleType]?.type,
    askedType: undefined,
    timeMs: Number(timeNanos / 1_000_000n),
    missing: undefined,
    opaque: undefined,
    warnings: [],
  }
}

function catalogOf({ catalog }: Pick<SideContext, 'catalog'>): Catalog {
  if (catalog === undefined)
    throw new ApiError('execution', 'find profiles: nothing is stored here, want files')
  return catalog
}

function emptySide(range: TimeRange & { readonly agg?: Aggregation }): ResolvedSide {
  return {
    side: { kind: 'stored', parts: [], range },
    labels: [],
    profileType: '',
    sampleTypes: [],
    defaultType: undefined,
    askedType: undefined,
    timeMs: range.startMs,
    missing: undefined,
    opaque: undefined,
    warnings: [],
  }
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
