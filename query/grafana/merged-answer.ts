import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { labelsHash } from '../../profile/labels.ts'
import { ApiError } from '../api/answer.ts'
import type { RouteRequest } from '../api/create-api.ts'
import { parseProfileId } from '../api/profile-id.ts'
import { sampleTypesOf } from '../api/sample-types.ts'
import type { TreeAnswer } from '../api/view-types.ts'
import { mergedView, type ViewRequest } from '../merged-view.ts'
import { isMerged } from '../read-sums.ts'
import type { SelectedSeries, SeriesPart } from '../select.ts'
import type { TimeRange } from '../time.ts'
import type { ViewOptions } from '../views/view-options.ts'
import type { GrafanaSelector } from './grafana-selector.ts'
import type { ProfileTypeId } from './profile-type-id.ts'
import { selectRows } from './selected-series.ts'

export interface MergeRequest extends TimeRange {
  readonly id: ProfileTypeId
  readonly selector: GrafanaSelector
  /** Ids of single profiles, and no others then. */
  readonly profileIds: readonly string[]
}

/** Undefined where nothing is stored that could be merged, which is no error in this protocol. */
export interface Merged<Value> {
  readonly value: Value | undefined
  readonly warnings: readonly string[]
}

const decompress = promisify(gunzip)
const nothing = { value: undefined }

/** Every node, or with `maxNodes` about so many, and a row for the rest of each. */
export async function mergedTree(
  asked: MergeRequest & Pick<ViewOptions, 'maxNodes'>,
  request: RouteRequest,
): Promise<Merged<TreeAnswer>> {
  const { bytes, warnings } = await merged(asked, 'flamegraph', request)
  if (bytes === undefined) return { ...nothing, warnings }
  return { value: JSON.parse(new TextDecoder().decode(bytes)) as TreeAnswer, warnings }
}

/** Text for Graphviz. */
export async function mergedDot(
  asked: MergeRequest & Pick<ViewOptions, 'nodeCount'>,
  request: RouteRequest,
): Promise<Merged<string>> {
  const { bytes, warnings } = await merged(asked, 'dot', request)
  return bytes === undefined ? { ...nothing, warnings } : { value: new TextDecoder().decode(bytes), warnings }
}

/** Uncompressed pprof, of all sample types. */
export async function mergedPprof(asked: MergeRequest, request: RouteRequest): Promise<Merged<Uint8Array>> {
  const { bytes, warnings } = await merged(asked, 'pprof', request)
  return bytes === undefined ? { ...nothing, warnings } : { value: await decompress(bytes), warnings }
}

async function merged(
  asked: MergeRequest & ViewOptions,
  format: ViewRequest['format'],
  request: RouteRequest,
): Promise<{ readonly bytes: Uint8Array | undefined; readonly warnings: readonly string[] }> {
  const { options, signal } = request
  const ids = asked.profileIds.map(readId)
  const { startMs, endMs } = asked
  const selection = await selectRows(asked.selector, { startMs, endMs, withoutBodies: false }, request)
  const series = ids.length === 0 ? selection.series : selection.series.flatMap((each) => only(each, ids))
  const sampleTypes = sampleTypesOf({ ...selection, series })
  const type = asked.id.sampleType
  const parts = series.flatMap((each) => each.parts)
  const isStored = parts.some(({ rows, firstRow, lastRow }) =>
    rows.flags.subarray(firstRow, lastRow + 1).some(isMerged),
  )
  if (!isStored || !sampleTypes.some((each) => each.type === type))
    return { bytes: undefined, warnings: selection.warnings }
  const range = { startMs: selection.startMs, endMs, ...(ids.length === 1 ? { agg: 'sum' as const } : {}) }
  const sides = { profile: { kind: 'stored', parts, range } } as const
  const { maxNodes, nodeCount } = asked
  const view = { format, type, sampleTypes, options: { maxNodes, nodeCount } }
  const { merges, limits: { maxBytes } = {} } = options
  const how = { signal, ...(maxBytes === undefined ? {} : { maxBytes }) }
  try {
    const { bytes, warnings } = await (merges === undefined
      ? mergedView(sides, view, how)
      : merges.merge(sides, view, how))
    return { bytes, warnings: [...selection.warnings, ...warnings] }
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'NO_VIEW') throw error
    throw new ApiError('execution', (error as Error).message, { cause: error })
  }
}

type Id = NonNullable<ReturnType<typeof parseProfileId>>

function readId(text: string): Id {
  const id = parseProfileId(text)
  if (id !== undefined) return id
  throw new ApiError('bad_data', `profile ${JSON.stringify(text)}: want <unix ms>-<16 hex digits>`)
}

/** Of a series those profiles that have one of the ids. */
function only(series: SelectedSeries, ids: readonly Id[]): SelectedSeries[] {
  const hash = labelsHash(series.labels)
  const times = new Set(ids.filter((id) => id.hash === hash).map(({ timeMs }) => timeMs))
  if (times.size === 0) return []
  const parts: SeriesPart[] = []
  for (const part of series.parts)
    for (let row = part.firstRow; row <= part.lastRow; row++)
      if (times.has(part.rows.timeMs[row]!)) parts.push({ ...part, firstRow: row, lastRow: row })
  return parts.length === 0 ? [] : [{ ...series, parts }]
}
