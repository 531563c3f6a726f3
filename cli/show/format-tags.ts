import type { TagsAnswer } from '../../query/api/view-types.ts'
import { amountsOf, printable } from './amounts.ts'
import { formatHead } from './format-head.ts'

/** As `go tool pprof -tags`: what carries which label. */
export function formatTags(answer: TagsAnswer): string {
  const head = formatHead(answer, amountsOf(answer.unit, answer.total))
  if (answer.tags.length === 0) return `${head}its samples carry no labels\n`
  const tags = answer.tags.map(({ key, total, values }) => {
    const amounts = amountsOf(answer.unit, total)
    const rows = values.map(
      (each) =>
        `${amounts.text(each.total).padStart(12)} ${amounts.share(each.total)}  ${printable(each.value)}\n`,
    )
    return `${printable(key)}: ${amounts.text(total)}\n${rows.join('')}`
  })
  return `${head}${tags.join('\n')}`
}
