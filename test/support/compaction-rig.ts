import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Registry } from 'prom-client'
import type { EncodedBlock } from '../../block/block-builder.ts'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import type { Bucket, BucketReader } from '../../bucket/bucket.ts'
import { Compactor, type CompactorOptions, type CompactorTiming } from '../../compact/compactor.ts'
import { Ownership } from '../../compact/owner.ts'
import { dayMs } from '../../compact/plan.ts'
import { silentLogger } from '../../lib/log.ts'
import { formatLabels, profileId, sortLabels } from '../../profile/labels.ts'
import { Catalog } from '../../query/catalog.ts'
import { mergeProfiles } from '../../query/merge-profiles.ts'
import { selectSeries } from '../../query/select.ts'
import { collapsed } from '../../query/views/collapsed.ts'

/** A day that is over: the third before today. */
export const rigDay = (Math.floor(Date.now() / dayMs) - 3) * dayMs
const types = ['heap', 'goroutine', 'cpu'] as const

const bodies = new Map(
  types.map((type) => {
    const folder = fileURLToPath(new URL(`../testdata/corpus/prometheus/${type}/`, import.meta.url))
    return [
      type,
      readdirSync(folder)
        .sort()
        .map((name) => readFileSync(`${folder}${name}`)),
    ]
  }),
)

export interface CutOptions {
  /** Half hours of `rigDay`. */
  readonly slot: number
  readonly writer: string
  /** Of each series; 2 without it. */
  readonly profiles?: number
}

/** What one collector cuts in half an hour: real profiles of two pods of a service, and a scrape that failed. */
export function cutBlock({ slot, writer, profiles = 2 }: CutOptions): EncodedBlock {
  const builder = createBlockBuilder()
  let seq = slot * 1000
  for (let n = 0; n < profiles; n++) {
    for (const pod of ['a', 'b']) {
      for (const type of types) {
        const labels = sortLabels([
          ['service_name', `shop/${writer}`],
          ['instance', pod],
          ['profile_type', type],
        ])
        const timeMs = rigDay + slot * 1_800_000 + n * 60_000 + (pod === 'a' ? 0 : 7)
        const failed = pod === 'b' && type === 'cpu' && n === 1
        const ofType = bodies.get(type)!
        const body = ofType[(slot * profiles + n) % ofType.length]!
        builder.append(
          failed
            ? { labels, timeMs, durationMs: 5, health: 'timeout', httpStatus: 0 }
            : { labels, timeMs, durationMs: 5, health: 'ok', httpStatus: 200, body },
          { writer, seq: seq++ },
        )
      }
    }
  }
  return builder.encode({ compression: 'fast' })!
}

export async function putBlocks(bucket: Bucket, blocks: readonly EncodedBlock[]): Promise<void> {
  for (const { key, bytes } of blocks) await bucket.put(`blocks/${key}`, bytes)
}

/** What readers make of a bucket: every row's id and totals by series, and merges of everything. */
export async function answersOf(bucket: BucketReader): Promise<unknown> {
  const request = { matchers: [], startMs: rigDay, endMs: rigDay + dayMs - 1 }
  const catalog = new Catalog({ bucket, log: silentLogger(), registry: new Registry() })
  const { sources, warnings } = await catalog.open(request)
  const selection = await selectSeries(sources, request)
  const series = selection.series.map(({ labels, parts }) => ({
    labels: formatLabels(labels),
    rows: parts
      .flatMap(({ rows, firstRow, lastRow }) =>
        Array.from({ length: lastRow - firstRow + 1 }, (_, i) => {
          const row = firstRow + i
          const totals = rows.totals.map((column) => `${column[row]}`).join(' ')
          return `${profileId(rows.timeMs[row]!, labels)} ${rows.writers[rows.writer[row]!]} ${rows.seq[row]}: ${totals}`
        }),
      )
      .sort(),
  }))
  const merges: unknown[] = []
  for (const type of types) {
    const parts = selection.series
      .filter(({ labels }) => labels['profile_type'] === type)
      .flatMap((each) => each.parts)
    const merged = await mergeProfiles(parts, { ...request, agg: 'sum' })
    const stacks = merged.sampleTypes.map((_, i) => collapsed(merged, i).split('\n').sort())
    merges.push({ type, coverage: merged.coverage, stacks, warnings: merged.warnings })
  }
  return { series, merges, warnings: [...warnings, ...selection.warnings] }
}

/** One that looks at once at what is there, and deletes at once unless told otherwise. */
export function openCompactor(
  bucket: Bucket,
  directory: string,
  options: Partial<Omit<CompactorOptions, 'timing'>> & { readonly timing?: Partial<CompactorTiming> } = {},
): Compactor {
  return new Compactor({
    bucket,
    directory,
    ownership: new Ownership({ bucket, cluster: 'rig', settleMs: 1 }),
    logger: silentLogger(),
    registry: new Registry(),
    ...options,
    timing: { graceMs: 0, deleteDelayMs: 0, ...options.timing },
  })
}

/** Rounds until there is nothing left to do; how many. */
export async function compactAll(
  compactor: Compactor,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): Promise<number> {
  for (let round = 1; round < 20; round++) {
    const { jobs, deleted, failures } = await compactor.round({ signal })
    if (failures > 0) throw new Error(`round ${round}: ${failures} failures`)
    if (jobs + deleted === 0) return round
  }
  throw new Error('compaction does not come to an end')
}
