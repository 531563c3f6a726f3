import { gunzipSync } from 'node:zlib'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { createMatcher } from '../../profile/matcher.ts'
import { attemptOf, type CorpusSeries } from './corpus.ts'
import type { Figure } from './figure.ts'

const wantedRatio: Record<string, number> = {
  'kube-apiserver.heap': 65,
  'etcd.heap': 45,
  'prometheus.heap': 45,
  goroutine: 50,
  cpu: 9,
}
const wantedFlushRatio: Record<string, number> = { heap: 9, cpu: 3 }

/** Whole blocks against the gzip files that went in, and whether each file comes back byte for byte. */
export async function sizeFigures(corpus: readonly CorpusSeries[]): Promise<Figure[]> {
  const figures: Figure[] = []
  let all = 0
  let exact = 0
  for (const series of corpus) {
    const block = blockOf([series], series.profiles.length)
    figures.push({
      name: `size.${series.program}.${series.type}.ratio`,
      value: series.gzipBytes / block.bytes.length,
      unit: '×',
      ...reach(
        wantedRatio[`${series.program}.${series.type}`] ?? wantedRatio[series.type],
        series.profiles.length >= 300,
      ),
      context: `${series.profiles.length} profiles, ${block.bytes.length} bytes ${JSON.stringify(block.meta.sectionBytes)}`,
    })
    const reader = await openBlock(memorySource(block.key, block.bytes))
    const [ref] = reader.select([createMatcher('job', '=', series.program)])
    for (let i = 0; i < series.profiles.length; i++) {
      all++
      if (Buffer.compare(await reader.body(ref!, i), gunzipSync(series.profiles[i]!.body)) === 0) exact++
    }
  }
  for (const series of corpus) {
    const first = series.profiles.slice(0, 10)
    const gzipBytes = first.reduce((sum, { body }) => sum + body.length, 0)
    const block = blockOf([series], first.length)
    figures.push({
      name: `size.flush.${series.program}.${series.type}.ratio`,
      value: gzipBytes / block.bytes.length,
      unit: '×',
      ...reach(wantedFlushRatio[series.type], true),
      context: `${block.bytes.length} bytes`,
    })
  }
  const longest = Math.max(...corpus.map(({ profiles }) => profiles.length))
  const whole = blockOf(corpus, longest)
  const gzipBytes = corpus.reduce((sum, series) => sum + series.gzipBytes, 0)
  figures.push({
    name: 'size.all.ratio',
    value: gzipBytes / whole.bytes.length,
    unit: '×',
    ...reach(40, longest >= 300),
    context: `${whole.bytes.length} bytes ${JSON.stringify(whole.meta.sectionBytes)}`,
  })
  return [
    {
      name: 'exact.share',
      value: exact / all,
      unit: '',
      reach: { op: '>=', value: 1 },
      context: `${exact} of ${all}`,
    },
    ...figures,
  ]
}

/** The first `count` profiles of each series, in the order they were scraped. */
export function blockOf(corpus: readonly CorpusSeries[], count: number) {
  const builder = createBlockBuilder()
  const attempts = corpus.flatMap((series) =>
    series.profiles.slice(0, count).map((_, i) => attemptOf(series, i)),
  )
  attempts.sort((a, b) => a.timeMs - b.timeMs)
  attempts.forEach((attempt, seq) => {
    builder.append(attempt, { writer: 'bench', seq })
  })
  return builder.encode()!
}

/** Reaches are stated for series of 300 profiles; shorter ones are only printed. */
function reach(value: number | undefined, applies: boolean): Pick<Figure, 'reach'> {
  return value === undefined || !applies ? {} : { reach: { op: '>=', value } }
}
