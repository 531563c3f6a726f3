import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeMergedProfile } from '../profile/encode-merged.ts'
import type { SampleType } from '../profile/symbols.ts'
import type { MergeOptions } from './merge-profiles.ts'
import { mergeReadable } from './merge-readable.ts'
import type { SeriesPart } from './select.ts'
import { collapsed } from './views/collapsed.ts'
import { flamegraph } from './views/flamegraph.ts'
import { top } from './views/top.ts'

const compress = promisify(gzip)

/** What is to be made of a merge. Plain data: it is sent to other threads. */
export interface ViewRequest {
  readonly format: 'pprof' | 'flamegraph' | 'top' | 'collapsed'
  /** What a view shows; pprof holds all types, and this is its default where there is one. */
  readonly type: string | undefined
  /** Of everything selected, which views tell beside their own. */
  readonly sampleTypes: readonly SampleType[]
}

export interface MergedView {
  /** `pprof` as a gzip file, `collapsed` as text, others as JSON. Nobody else holds their buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly warnings: readonly string[]
}

/** Merges and renders. Rejects as `mergeReadable` does, and with NO_VIEW where there is nothing to show. */
export async function mergedView(
  parts: readonly SeriesPart[],
  options: Omit<MergeOptions, 'type'>,
  view: ViewRequest,
): Promise<MergedView> {
  const { format, type, sampleTypes } = view
  const isOne = format !== 'pprof' && type !== undefined
  const merged = await mergeReadable(parts, isOne ? { ...options, type } : options)
  // What ran out of time before it had anything has no answer.
  if (merged.coverage.profiles === 0) {
    options.signal?.throwIfAborted()
    if (merged.warnings.length > 0) throw new NoViewError(`nothing was merged: ${merged.warnings.join('; ')}`)
  }
  if (format === 'pprof') {
    const named = merged.sampleTypes.findIndex((sampleType) => sampleType.type === type)
    const fallback = type === undefined ? merged.defaultSampleType : merged.sampleTypes.length - 1
    const defaultSampleType = named >= 0 ? named : fallback
    const bytes = await compress(encodeMergedProfile({ ...merged, defaultSampleType }), { level: 1 })
    return { bytes: Uint8Array.from(bytes), warnings: merged.warnings }
  }
  const shown = merged.sampleTypes.findIndex((sampleType) => sampleType.type === type)
  if (shown < 0) throw new NoViewError(`it has no sample type ${JSON.stringify(type)}`)
  const encoder = new TextEncoder()
  if (format === 'collapsed')
    return { bytes: encoder.encode(collapsed(merged, shown)), warnings: merged.warnings }
  const data = format === 'top' ? top(merged, shown) : flamegraph(merged, shown)
  return { bytes: encoder.encode(JSON.stringify({ ...data, sampleTypes })), warnings: merged.warnings }
}

/** Understood, but there is nothing to show. */
export class NoViewError extends Error {
  override readonly name = 'NoViewError'
  readonly code = 'NO_VIEW'

  constructor(why: string) {
    super(`show profile: ${why}`)
  }
}
