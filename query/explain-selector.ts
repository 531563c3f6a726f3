import type { ChosenSource } from '../block/covered.ts'
import { rowFlags } from '../block/rows.ts'
import { labelsKey } from '../profile/labels.ts'
import type { Matcher } from '../profile/matcher.ts'
import type { ExplainAnswer, ExplainedMatcher } from './api/types.ts'
import type { Catalog, OpenSource } from './catalog.ts'
import { selectInBatches } from './select-in-batches.ts'
import { widenAllocs } from './select-profiles.ts'
import type { TimeRange } from './time.ts'

type Sources = readonly ChosenSource<OpenSource>[]

interface ExplainRequest extends TimeRange {
  readonly matchers: readonly Matcher[]
  readonly signal: AbortSignal
}

/** Which matcher empties a selection, and when there was something. */
export async function explainSelector(
  catalog: Catalog,
  request: ExplainRequest,
): Promise<{ readonly answer: ExplainAnswer; readonly warnings: readonly string[] }> {
  const { startMs, endMs, signal } = request
  const matchers = widenAllocs(request.matchers)
  const opened = await catalog.open({ startMs, endMs, matchers: [], withoutBodies: true, signal })
  const warnings = [...opened.warnings]
  const near = { ...request, matchers, warnings }
  const before = await nearest(catalog, 'before', near)
  const after = await nearest(catalog, 'after', near)
  const answer: ExplainAnswer = {
    series: seriesOf(opened.sources, matchers).size,
    matchers: request.matchers.map((matcher, i) =>
      explainMatcher(opened.sources, matcher, matchers.toSpliced(i, 1)),
    ),
    before,
    after,
  }
  return { answer, warnings: [...new Set(warnings)] }
}

function explainMatcher(
  sources: Sources,
  { name, op, value }: Matcher,
  others: readonly Matcher[],
): ExplainedMatcher {
  const values = new Set<string>()
  const without = seriesOf(sources, others, (labels) => values.add(labels[name] ?? ''))
  return {
    matcher: `${name}${op}${JSON.stringify(value)}`,
    seriesWithout: without.size,
    values: [...values]
      .sort((a, b) => commonPrefix(b, value) - commonPrefix(a, value) || (a < b ? -1 : 1))
      .slice(0, maxValues),
  }
}

function seriesOf(
  sources: Sources,
  matchers: readonly Matcher[],
  see?: (labels: Readonly<Record<string, string>>) => void,
): Set<string> {
  const found = new Set<string>()
  for (const { source } of sources) {
    for (const series of source.reader.select(matchers)) {
      const labels = source.reader.labels(series)
      found.add(labelsKey(labels))
      see?.(labels)
    }
  }
  return found
}

function commonPrefix(a: string, b: string): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}

/** Unix ms of the profile nearest to the range; 0 for none within 32 days. Wider and wider, since near is likely. */
async function nearest(
  catalog: Catalog,
  side: 'before' | 'after',
  { startMs, endMs, matchers, signal, warnings }: ExplainRequest & { readonly warnings: string[] },
): Promise<number> {
  const nowMs = Date.now()
  let from = side === 'before' ? startMs - 1 : endMs + 1
  for (const days of reachDays) {
    const to = side === 'before' ? Math.max(0, startMs - days * dayMs) : Math.min(nowMs, endMs + days * dayMs)
    const range = side === 'before' ? { startMs: to, endMs: from } : { startMs: from, endMs: to }
    if (range.startMs > range.endMs) return 0
    const opened = await catalog.open({ ...range, matchers, withoutBodies: true, signal })
    warnings.push(...opened.warnings)
    const found = await nearestOf(opened.sources, side, { ...range, matchers, signal, warnings })
    if (found > 0) return found
    from = side === 'before' ? to - 1 : to + 1
  }
  return 0
}

/** Blocks one by one, from the range on outwards, until no other can have a nearer one. */
async function nearestOf(
  sources: Sources,
  side: 'before' | 'after',
  { warnings, ...request }: ExplainRequest & { readonly warnings: string[] },
): Promise<number> {
  const edge = ({ source: { reader } }: Sources[number]) =>
    side === 'before' ? -reader.meta.maxTimeMs : reader.meta.minTimeMs
  let found = 0
  for (const chosen of [...sources].sort((a, b) => edge(a) - edge(b))) {
    if (found > 0 && edge(chosen) >= (side === 'before' ? -found : found)) break
    for await (const selection of selectInBatches([chosen], request)) {
      warnings.push(...selection.warnings)
      for (const { parts } of selection.series) {
        for (const { rows, firstRow, lastRow } of parts) {
          for (let row = firstRow; row <= lastRow; row++) {
            if ((rows.flags[row]! & (rowFlags.body | rowFlags.thinned)) === 0) continue
            const timeMs = rows.timeMs[row]!
            if (found === 0 || (side === 'before' ? timeMs > found : timeMs < found)) found = timeMs
          }
        }
      }
    }
  }
  return found
}

const dayMs = 24 * 3_600_000
const reachDays = [1 / 12, 1, 8, 32]
const maxValues = 10
