import type { CoverageAnswer, KindAnswer } from '../../query/api/types.ts'
import { formatSeconds, formatShare, plural } from './format.ts'

/** What a merged answer was made of, in words, each a part of a sentence. */
export function coverageWords(
  answer: CoverageAnswer & { readonly sum: string; readonly unit: string },
  kind: KindAnswer | undefined,
): string[] {
  const words = [`${plural(answer.profiles, 'profile')} of ${plural(answer.series, 'series', 'series')}`]
  if (kind === 'gauge') {
    words.push('averaged over time in each series, then summed over series')
    return words
  }
  if (kind === 'counter') {
    words.push(`what was added within ${formatSeconds(answer.rangeSeconds)}, restarts taken into account`)
    return words
  }
  if (answer.coveredSeconds > 0 && answer.rangeSeconds > 0 && answer.series > 0) {
    const share = answer.coveredSeconds / (answer.rangeSeconds * answer.series)
    words.push(
      share >= 0.995
        ? 'sampled all of the time'
        : `sampled ${formatShare(share)} of the time (${formatSeconds(answer.coveredSeconds)})`,
    )
  }
  const cores = coresOf(answer)
  if (cores !== undefined) {
    words.push(`${formatCores(cores)} while sampled${answer.series > 1 ? ', per series' : ''}`)
  }
  return words
}

/** Cores in use while the profiles looked, averaged over series; undefined where the unit is no time. */
export function coresOf(answer: {
  readonly sum: string
  readonly unit: string
  readonly coveredSeconds: number
}): number | undefined {
  if (answer.unit !== 'nanoseconds' || !(answer.coveredSeconds > 0)) return undefined
  return Number(answer.sum) / 1e9 / answer.coveredSeconds
}

export function formatCores(cores: number): string {
  const text =
    cores >= 100
      ? cores.toFixed(0)
      : cores >= 10
        ? cores.toFixed(1)
        : cores >= 0.1
          ? cores.toFixed(2)
          : cores.toFixed(3)
  return `${text} cores`
}
