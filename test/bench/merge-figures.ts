import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlockReader } from '../../block/block-reader.ts'
import { openBlock } from '../../block/open-block.ts'
import { createMatcher } from '../../profile/matcher.ts'
import { mergeProfiles } from '../../query/merge-profiles.ts'
import { flamegraph } from '../../query/views/flamegraph.ts'
import { fileSource } from '../support/file-source.ts'
import type { CorpusSeries } from './corpus.ts'
import type { Figure } from './figure.ts'
import { blockOf } from './size-figures.ts'

/** One series of 300 profiles from a block in a folder to a flame graph, against `go tool pprof` in the same run. */
export async function mergeFigures(corpus: readonly CorpusSeries[]): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'conprof-bench-'))
  try {
    const path = join(folder, 'all.block')
    writeFileSync(path, blockOf(corpus, 320).bytes)
    const figures: Figure[] = []
    const other = corpus.find(({ type }) => type === 'goroutine') ?? corpus[0]!
    for (const series of corpus.filter(({ type }) => type === 'heap' || type === 'cpu')) {
      const count = Math.min(300, series.profiles.length)
      await ours(path, other, count, false)
      const ms = await ours(path, series, count, false)
      const withoutSums = await ours(path, series, count, true)
      const pprofMs = theirs(series, count)
      const isKube = series.program === 'kube-apiserver' && series.type === 'heap'
      figures.push({
        name: isKube ? 'merge.speedup' : `merge.${series.program}.${series.type}.speedup`,
        value: pprofMs / ms,
        unit: '×',
        ...(isKube && count === 300 ? { reach: { op: '>=' as const, value: 100 } } : {}),
        context: `${count} profiles: ${ms.toFixed(1)} ms against ${pprofMs.toFixed(0)} ms of go tool pprof -proto`,
      })
      figures.push({
        name: isKube ? 'merge.sums_speedup' : `merge.${series.program}.${series.type}.sums_speedup`,
        value: withoutSums / ms,
        unit: '×',
        context: `${withoutSums.toFixed(1)} ms from bodies alone`,
      })
    }
    figures.push(await plotFigure(path))
    return figures
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function ours(
  path: string,
  series: CorpusSeries,
  count: number,
  withoutSums: boolean,
): Promise<number> {
  const start = performance.now()
  const reader = await openBlock(fileSource(path))
  const [ref] = reader.select([
    createMatcher('job', '=', series.program),
    createMatcher('profile_type', '=', series.type),
  ])
  const [rows] = await reader.rows([ref!])
  const type = rows!.sampleTypes[rows!.defaultSampleType]!.type
  const parts = [
    {
      reader: withoutSums ? hideSums(reader) : reader,
      series: ref!,
      rows: rows!,
      firstRow: 0,
      lastRow: count - 1,
    },
  ]
  const merged = await mergeProfiles(parts, {
    startMs: rows!.timeMs[0]!,
    endMs: rows!.timeMs[count - 1]!,
    type,
  })
  const graph = flamegraph(merged, 0)
  const elapsed = performance.now() - start
  if (graph.names.length === 0 || merged.coverage.profiles !== count)
    throw new Error('the merge is not whole')
  return elapsed
}

/** The same block as if it had been written without group sums. */
function hideSums(reader: BlockReader): BlockReader {
  return {
    name: reader.name,
    source: reader.source,
    meta: reader.meta,
    labelNames: () => reader.labelNames(),
    labelValues: (name) => reader.labelValues(name),
    select: (matchers) => reader.select(matchers),
    labels: (series) => reader.labels(series),
    sampleTypes: (series) => reader.sampleTypes(series),
    rows: (series, options) => reader.rows(series, options),
    body: (series, row, options) => reader.body(series, row, options),
    entry: (series) => ({ ...reader.entry(series), sums: { offset: 0, length: 0 } }),
    totals: (series) => Promise.resolve(series.map(() => undefined)),
    dictionary: (service, options) => reader.dictionary(service, options),
    keptBodies: (series, group, options) => reader.keptBodies(series, group, options),
    releaseDictionary: (service) => reader.releaseDictionary(service),
    sums: () => Promise.resolve([]),
    groupStreams: (series, group, options) => reader.groupStreams(series, group, options),
  }
}

function theirs(series: CorpusSeries, count: number): number {
  const files = series.profiles.slice(0, count).map(({ path }) => path)
  const start = performance.now()
  const run = spawnSync('go', ['tool', 'pprof', '-proto', '-output=/dev/null', ...files], {
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(`go tool pprof: ${run.stderr || run.error?.message}`)
  return performance.now() - start
}

async function plotFigure(path: string): Promise<Figure> {
  let best = Infinity
  let reads = 0
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    const reader = await openBlock(fileSource(path))
    const all = await reader.rows(reader.select([]))
    best = Math.min(best, performance.now() - start)
    reads = all.reduce((sum, rows) => sum + rows.length, 0)
  }
  return {
    name: 'plot.ms',
    value: best,
    unit: 'ms',
    reach: { op: '<=', value: 5 },
    context: `totals of ${reads} profiles, no frame read; best of 5 fresh readers`,
  }
}
