import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeMergedProfile } from '../profile/encode-merged.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { ProfileFormat } from './api/profile-parameters.ts'
import type { MergeOptions } from './merge-profiles.ts'
import { NoViewError } from './no-view.ts'
import { type MergedSides, mergeSides, type ViewSides } from './view-sides.ts'
import { collapsed } from './views/collapsed.ts'
import { flamegraph } from './views/flamegraph.ts'
import { top } from './views/top.ts'
import type { ViewOptions } from './views/view-options.ts'

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
  /** `pprof` as a gzip file, `collapsed` as text, others as JSON. Nobody else holds their buffer. */
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
  const merged = await mergeSides(sides, isOne ? { ...options, type } : options)
  const bytes = format === 'pprof' ? await download(merged, view) : rendered(merged, view)
  return { bytes, warnings: merged.warnings }
}

async function download(
  { profile, base }: MergedSides,
  { type }: ViewRequest,
): Promise<Uint8Array<ArrayBuffer>> {
  const named = profile.sampleTypes.findIndex((sampleType) => sampleType.type === type)
  const fallback = type === undefined ? profile.defaultSampleType : profile.sampleTypes.length - 1
  const defaultSampleType = named >= 0 ? named : fallback
  const bytes = await compress(encodeMergedProfile({ ...profile, defaultSampleType }, base), { level: 1 })
  return Uint8Array.from(bytes)
}

function rendered({ profile, base: _ }: MergedSides, view: ViewRequest): Uint8Array<ArrayBuffer> {
  const { format, type, sampleTypes } = view
  const shown = profile.sampleTypes.findIndex((sampleType) => sampleType.type === type)
  if (shown < 0) throw new NoViewError(`it has no sample type ${JSON.stringify(type)}`)
  const encoder = new TextEncoder()
  if (format === 'collapsed') return encoder.encode(collapsed(profile, shown))
  const data = format === 'top' ? top(profile, shown) : flamegraph(profile, shown)
  return encoder.encode(JSON.stringify({ ...data, sampleTypes }))
}
