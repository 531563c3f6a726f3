import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { inflatePprof } from '../../profile/inspect-pprof.ts'
import { attemptOf, type CorpusSeries } from './corpus.ts'
import type { Figure } from './figure.ts'

/** CPU from gzip bytes to verified columns in the head, after one warm-up pass; one thread. */
export function encodeFigures(corpus: readonly CorpusSeries[]): Figure[] {
  const figures = [measure('encode.cpu_ms', corpus, 1.0)]
  const heap = corpus.find(({ program, type }) => program === 'kube-apiserver' && type === 'heap')
  if (heap !== undefined) figures.push(measure('encode.kube-apiserver.heap.cpu_ms', [heap], 3.5))
  return figures
}

function measure(name: string, corpus: readonly CorpusSeries[], reach: number): Figure {
  const attempts = corpus.flatMap((series) => series.profiles.map((_, i) => attemptOf(series, i)))
  attempts.sort((a, b) => a.timeMs - b.timeMs)
  const pass = () => {
    const builder = createBlockBuilder()
    const before = process.cpuUsage()
    attempts.forEach((attempt, seq) => {
      builder.append(attempt, { writer: 'bench', seq })
    })
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000 / attempts.length
  }
  pass()
  const value = Math.min(pass(), pass(), pass())
  const before = process.cpuUsage()
  for (const { body } of attempts) inflatePprof(body!, 1 << 27)
  const gunzip = process.cpuUsage(before)
  const gunzipMs = (gunzip.user + gunzip.system) / 1000 / attempts.length
  return {
    name,
    value,
    unit: 'ms',
    reach: { op: '<=', value: reach },
    context: `of it gunzip ${gunzipMs.toFixed(2)} ms; best of 3 passes over ${attempts.length} profiles`,
  }
}
