import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Labels } from '../../profile/labels.ts'
import { goroutineTextType } from '../capture/plan-capture.ts'
import type { ViewRequest } from '../merged-view.ts'
import { checkViewOptions, type ViewOptions } from '../views/view-options.ts'
import { ApiError } from './answer.ts'
import { checkSides } from './check-sides.ts'
import { rangeOf } from './parameters.ts'
import { type ProfileFormat, type ProfileParameters, viewOptionsOf } from './profile-parameters.ts'
import { type RenderContext, renderView } from './render-view.ts'
import { fileSide, type ResolvedSide, type SideContext, selectedSide, storedSide } from './resolve-side.ts'
import { chooseSampleType } from './sample-types.ts'

const compress = promisify(gzip)

export interface ViewContext extends Omit<SideContext, 'agg'>, RenderContext {
  /** Uncompressed pprof that came with the request: a side as `side` says. */
  readonly file?: Uint8Array | undefined
  /** The same, always the base. */
  readonly baseFile?: Uint8Array | undefined
}

/** A view, ready to be sent, saved or printed. */
export interface ProfileView {
  readonly format: ProfileFormat
  readonly bytes: Uint8Array
  /** To save it under. */
  readonly fileName: string
  /** The text of a program's goroutines, as it came. */
  readonly isGoroutineText?: boolean
  readonly warnings: readonly string[]
}

/** What GET and POST /api/v1/profile answer. Throws ApiErrors, and NOT_PPROF for a file that is none. */
export async function viewProfile(given: ProfileParameters, context: ViewContext): Promise<ProfileView> {
  checkGiven(given, context)
  const options = viewOptionsOf(given)
  checkOptions(options)
  const { format } = given
  const profile = await profileSide(given, context)
  const base = await baseSide(given, context)
  const warnings = checkSides(profile, base)
  const fileName = `${fileStem(profile.missing === undefined ? profile : (base ?? profile))}${extensions[format]}`
  if (given.id !== undefined && format === 'pprof' && isPlain(options) && base === undefined) {
    const stored = await storedBytes(profile, context)
    if (profile.opaque !== undefined && profile.profileType === goroutineTextType) {
      return { format, bytes: stored, fileName: `${fileStem(profile)}.txt`, isGoroutineText: true, warnings }
    }
    return { format, bytes: await compress(stored, { level: 1 }), fileName, warnings }
  }
  const opaque = profile.opaque ?? base?.opaque
  if (opaque !== undefined) throw new ApiError('execution', opaque)
  const sides = { profile: profile.side, ...(base === undefined ? {} : { base: base.side }) }
  const view = await renderView(sides, requestOf(given, { profile, base, options }), context)
  return { format, bytes: view.bytes, fileName, warnings: [...warnings, ...view.warnings] }
}

function checkGiven(given: ProfileParameters, { file, baseFile }: ViewContext): void {
  const { id, query, side, base_id, base_query } = given
  const fail = (message: string): never => {
    throw new ApiError('bad_data', message)
  }
  if (id !== undefined && query !== undefined) fail('parameters "id" and "query": want one of them')
  if (base_id !== undefined && base_query !== undefined)
    fail('parameters "base_id" and "base_query": want one of them')
  const hasProfile = id !== undefined || query !== undefined
  if (baseFile !== undefined && isCompared(given)) fail('parameter "base_query": the posted base is the base')
  if (file === undefined) {
    if (side === 'base') fail('parameter "side": it says what a posted file is, and none was posted')
    if (!hasProfile) fail('parameter "id" or "query": one of them is needed')
  } else if (side === 'base') {
    if (!hasProfile) fail('parameter "id" or "query": one of them is needed beside a posted base')
    if (isCompared(given)) fail('parameter "base_query": the posted file is the base')
  } else if (hasProfile) {
    fail('parameters "id" and "query": the posted file is the profile, want side=base or base_query')
  }
}

function isCompared({ base_id, base_query, base_start, base_end }: ProfileParameters): boolean {
  return [base_id, base_query, base_start, base_end].some((value) => value !== undefined)
}

function checkOptions(options: ViewOptions): void {
  try {
    checkViewOptions(options)
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'BAD_VIEW_OPTION') throw error
    throw new ApiError('bad_data', (error as Error).message, { cause: error })
  }
}

/** A download adds up as `go tool pprof` would, whatever the numbers are. */
function sideContext({ agg, format }: ProfileParameters, context: ViewContext): SideContext {
  return { ...context, agg: agg ?? (format === 'pprof' ? 'sum' : undefined) }
}

function profileSide(given: ProfileParameters, context: ViewContext): Promise<ResolvedSide> | ResolvedSide {
  if (given.id !== undefined) return storedSide(given.id, { ...context, agg: given.agg, parameter: 'id' })
  if (given.query !== undefined) return selectedSide(given.query, rangeOf(given), sideContext(given, context))
  return fileSide(context.file ?? new Uint8Array(0))
}

/** A base without a selector is the same selector at another time; one without times is of the same time. */
async function baseSide(given: ProfileParameters, context: ViewContext): Promise<ResolvedSide | undefined> {
  const { base_id, base_query = given.query, base_start, base_end } = given
  const { file, baseFile = given.side === 'base' ? file : undefined } = context
  if (baseFile !== undefined) return fileSide(baseFile)
  if (!isCompared(given)) return undefined
  if (base_id !== undefined) return storedSide(base_id, { ...context, agg: given.agg, parameter: 'base_id' })
  if (base_query === undefined) throw new ApiError('bad_data', 'parameter "base_query": missing')
  const { startMs, endMs } = rangeOf(given)
  const lengthMs = endMs - startMs
  const start = base_start ?? (base_end === undefined ? startMs : base_end - lengthMs)
  const end = base_end ?? (base_start === undefined ? endMs : base_start + lengthMs)
  return selectedSide(base_query, rangeOf({ start, end }), sideContext(given, context))
}

function requestOf(
  { format, type, si }: ProfileParameters,
  sides: {
    readonly profile: ResolvedSide
    readonly base: ResolvedSide | undefined
    readonly options: ViewOptions
  },
): ViewRequest {
  const { profile, base, options } = sides
  const shown = profile.missing === undefined ? profile : (base ?? profile)
  const { sampleTypes } = shown
  const asked = type ?? si ?? ''
  const view = { format, sampleTypes, options }
  // All of them are in a download, and its default is the profiles' own.
  if (format === 'pprof' && asked === '') return { ...view, type: shown.askedType }
  const chosen = chooseSampleType(sampleTypes, { asked, fallback: shown.defaultType })
  const other = shown === base ? undefined : base
  if (other !== undefined && other.missing === undefined) {
    const same = other.sampleTypes.find((each) => each.type === chosen.type)
    if (same?.unit !== chosen.unit) {
      const has = other.sampleTypes.map((each) => `${each.type}/${each.unit}`).join(', ')
      throw new ApiError(
        'execution',
        `compare ${chosen.type}/${chosen.unit}: the base has ${has}: want a sample type that both have`,
      )
    }
  }
  return { ...view, type: chosen.type }
}

/** For one stored profile a download is what was scraped. */
async function storedBytes({ side }: ResolvedSide, { signal }: ViewContext): Promise<Uint8Array> {
  const part = side.kind === 'stored' ? side.parts[0] : undefined
  if (part === undefined) throw new Error('give the bytes of a profile: it has none')
  return part.reader.body(part.series, part.firstRow, { signal })
}

/** Whether a download is of whole profiles: what only changes how a view is drawn does not change it. */
function isPlain(options: ViewOptions): boolean {
  return filterNames.every((name) => options[name] === undefined)
}

const filterNames = [
  'focus',
  'ignore',
  'hide',
  'show',
  'showFrom',
  'pruneFrom',
  'tagFocus',
  'tagIgnore',
  'tagShow',
  'tagHide',
  'noInlines',
] as const satisfies readonly (keyof ViewOptions)[]

const extensions: Readonly<Record<ProfileFormat, string>> = {
  pprof: '.pb.gz',
  flamegraph: '.flamegraph.json',
  top: '.top.json',
  peek: '.peek.json',
  source: '.source.json',
  dot: '.dot',
  tags: '.tags.json',
  traces: '.traces.txt',
  collapsed: '.collapsed.txt',
  speedscope: '.speedscope.json',
}

function fileStem({ labels, timeMs }: ResolvedSide): string {
  const common = commonLabels(labels)
  const parts = [
    common['service_name'] ?? common['job'],
    common['profile_type'],
    new Date(timeMs).toISOString().replaceAll(':', ''),
  ]
  return parts
    .filter((part) => part !== undefined && part !== '')
    .join('-')
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '_')
}

function commonLabels(series: readonly Labels[]): Labels {
  const [first = {}, ...rest] = series
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((labels) => labels[name] === value)),
  )
}
