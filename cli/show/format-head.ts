import type { ViewAnswer } from '../../query/api/types.ts'
import type { BaseAnswer } from '../../query/api/view-types.ts'
import type { Amounts } from './amounts.ts'

/** What a view is of: a line for each side. */
export function formatHead(answer: ViewAnswer & { readonly base?: BaseAnswer }, amounts: Amounts): string {
  const { base } = answer
  const line = (name: string, side: Omit<BaseAnswer, 'sum'>, total: string) => {
    const profiles = side.profiles === 1 ? 'a profile' : `${side.profiles} profiles`
    const series = side.series <= 1 ? '' : ` of ${side.series} series`
    const since = side.time === 0 ? '' : `, since ${new Date(side.time).toISOString()}`
    const covered = side.coveredSeconds === 0 ? '' : `, ${roundSeconds(side.coveredSeconds)} s covered`
    return `${name}: ${amounts.text(total)} in ${profiles}${series}${since}${covered}\n`
  }
  const head = line(answer.type, answer, answer.sum)
  return base === undefined ? head : head + line('base', base, base.sum)
}

function roundSeconds(seconds: number): string {
  return seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))
}
