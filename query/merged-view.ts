import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeMergedProfile } from '../profile/encode-merged.ts'
import type { MergedProfile } from '../profile/merged-profile.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { ProfileFormat } from './api/profile-parameters.ts'
import type { MergeOptions } from './merge-profiles.ts'
import { NoViewError } from './no-view.ts'
import { type MergedSides, mergeSides, type ViewSides } from './view-sides.ts'
import { collapsed } from './views/collapsed.ts'
import { dot } from './views/dot.ts'
import { withoutDroppedFrames } from './views/drop-frames.ts'
import { filteredProfile, filterWarnings } from './views/filtered-profile.ts'
import { flamegraph } from './views/flamegraph.ts'
import { normalize } from './views/normalize.ts'
import { peek } from './views/peek.ts'
import { source } from './views/source.ts'
import { speedscope } from './views/speedscope.ts'
import { tags } from './views/tags.ts'
import { top } from './views/top.ts'
import { traces } from './views/traces.ts'
import type { ComparedOptions, ViewOptions } from './views/view-options.ts'

const compress = promisify(gzip)

/** What is to be made of a merge. Plain data: it is sent to other threads. */
export interface ViewRequest {
  readonly format: ProfileFormat
  /** What a view shows; pprof holds all types, and this is its default where there is one. */
  readonly type: string | undefined
  /** Of everything selected, which views tell beside their own. */
  readonly sampleTypes: readonly SampleType[]
  readonly options?: ViewOptions
}

export interface MergedView {
  /** `pprof` as a gzip file; text, or JSON. Nobody else holds their buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly warnings: readonly string[]
}

/** Merges and renders. Rejects as `mergeSides` does, and with NO_VIEW where there is nothing to show. */
export async function mergedView(
  sides: ViewSides,
  view: ViewRequest,
  options: Pick<MergeOptions, 'signal' | 'maxBytes'> = {},
): Promise<MergedView> {
  const { format, type } = view
  const isOne = format !== 'pprof' && type !== undefined
  const merged = withoutDroppedFrames(await mergeSides(sides, isOne ? { ...options, type } : options))
  const { profile, base } = merged
  const compared = { ...view.options, base }
  const warnings = filterWarnings(profile, compared)
  const bytes = format === 'pprof' ? await download(profile, compared, type) : rendered(merged, view)
  return { bytes, warnings: [...merged.warnings, ...warnings] }
}

async function download(
  profile: MergedProfile,
  options: ComparedOptions,
  type: string | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const named = profile.sampleTypes.findIndex((sampleType) => sampleType.type === type)
  const fallback = type === undefined ? profile.defaultSampleType : profile.sampleTypes.length - 1
  const shown = filteredProfile(profile, options)
  const defaultSampleType = named >= 0 ? named : fallback
  const bytes = await compress(encodeMergedProfile({ ...shown, defaultSampleType }), { level: 1 })
  return Uint8Array.from(bytes)
}

function rendered({ profile, base }: MergedSides, view: ViewRequest): Uint8Array<ArrayBuffer> {
  const { format, type, sampleTypes } = view
  const shown = profile.sampleTypes.findIndex((sampleType) => sampleType.type === type)
  if (shown < 0) throw new NoViewError(`it has no sample type ${JSON.stringify(type)}`)
  const options = { ...view.options, base }
  const encoder = new TextEncoder()
  switch (format) {
    case 'collapsed':
      return encoder.encode(collapsed(profile, shown, options))
    case 'dot':
      return encoder.encode(dot(profile, shown, options))
    case 'traces':
      return encoder.encode(traces(profile, shown, options))
    case 'speedscope':
      return encoder.encode(JSON.stringify(speedscopeOf(profile, shown, options)))
    default: {
      const data = views[format as keyof typeof views](profile, shown, options)
      return encoder.encode(JSON.stringify({ ...data, sampleTypes }))
    }
  }
}

const views = { flamegraph, top, peek, source, tags } as const

/** Both sides as profiles of one file: speedscope itself knows no comparison. */
function speedscopeOf(profile: MergedProfile, sampleType: number, options: ComparedOptions) {
  const { base, ...filters } = options
  const scaled = base !== undefined && filters.normalize === true ? normalize(profile, base) : profile
  const sides = [{ name: base === undefined ? '' : 'profile', merged: scaled }]
  if (base !== undefined) sides.push({ name: 'base', merged: base })
  return speedscope(
    sides.map(({ name, merged }) => ({ name, sampleType, merged: filteredProfile(merged, filters) })),
  )
}
