import type { Test } from 'tap'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import { dot } from '../views/dot.ts'
import { peek } from '../views/peek.ts'
import { source } from '../views/source.ts'
import { tags } from '../views/tags.ts'
import { top } from '../views/top.ts'
import { traces } from '../views/traces.ts'
import type { ComparedOptions } from '../views/view-options.ts'
import { type PprofReport, pprofReports } from './pprof-session.ts'
import {
  peekLine,
  readDot,
  readList,
  readPeek,
  readTags,
  readTop,
  readTotal,
  readTraces,
} from './read-pprof.ts'

export interface Compared {
  /** Arguments of `go tool pprof`. */
  readonly sources: readonly string[]
  readonly merged: MergedProfile
  readonly base?: MergedProfile
  readonly isNormalized?: boolean
}

/** Asserts that each report says what our view says. Answers how many lines were compared. */
export async function compareReports(
  t: Test,
  { sources, merged, base, isNormalized = false }: Compared,
  reports: readonly PprofReport[],
): Promise<number> {
  const texts = await pprofReports(t, sources, reports)
  if (texts === undefined) return 0
  let lines = 0
  for (const [index, report] of reports.entries()) {
    // Of a comparison pprof takes out now one, now another of two edges that weigh 1 and -1.
    const isSettled = (line: string): boolean => base === undefined || !line.includes(' … ')
    const theirs: readonly string[] = read(report, texts[index]!).filter(isSettled)
    const options: ComparedOptions = { ...report.options, base, normalize: isNormalized }
    const ours: readonly string[] = view(report, merged, options).filter(isSettled)
    lines += theirs.length
    const name = `${report.command} ${report.sampleType} ${JSON.stringify(report.options)}`
    t.strictSame(difference(ours, theirs), { only: [], lacks: [] }, name)
  }
  return lines
}

/** A list of thousands of lines is no help where two of them differ. */
function difference(ours: readonly string[], theirs: readonly string[]) {
  const counts = new Map<string, number>()
  for (const line of ours) counts.set(line, (counts.get(line) ?? 0) + 1)
  for (const line of theirs) counts.set(line, (counts.get(line) ?? 0) - 1)
  const lines = [...counts]
  return {
    only: lines
      .filter(([, count]) => count > 0)
      .slice(0, 10)
      .map(([line]) => line),
    lacks: lines
      .filter(([, count]) => count < 0)
      .slice(0, 10)
      .map(([line]) => line),
  }
}

function read({ command }: PprofReport, text: string): string[] {
  switch (command) {
    case 'top':
      return [...readTop(text), ...(text === '' ? [] : [`total ${readTotal(text)}`])]
    case 'peek':
    case 'tree':
      return readPeek(text)
    case 'dot':
      return readDot(text)
    case 'tags':
      return readTags(text)
    case 'traces':
      return readTraces(text)
    case 'list':
      return readList(text)
  }
}

/** Ours, in the form that `read` gives theirs. What pprof prints of a comparison is the difference. */
function view(report: PprofReport, merged: MergedProfile, options: ComparedOptions): string[] {
  const type = merged.sampleTypes.findIndex((each) => each.type === report.sampleType)
  const net = (value: string, base = '0'): number => Number(BigInt(value) - BigInt(base))
  switch (report.command) {
    case 'top': {
      const answer = top(merged, type, options)
      const whole =
        answer.baseTotal === undefined || answer.baseTotal === '0' ? answer.total : answer.baseTotal
      const rows = answer.functions
        .map((row) => `${net(row.flat, row.baseFlat)} ${net(row.cum, row.baseCum)} ${row.name}`)
        .filter((line) => !line.startsWith('0 0 '))
      return [...rows, `total ${Number(whole)}`]
    }
    case 'peek':
    case 'tree': {
      const { peek: _, ...others } = options
      return peek(merged, type, report.command === 'tree' ? others : options).nodes.map((node) =>
        peekLine(
          `${net(node.flat, node.baseFlat)} ${net(node.cum, node.baseCum)} ${node.name}`,
          ...([node.callers, node.callees].map((edges) =>
            edges.map(
              (edge) => `${net(edge.value, edge.baseValue)} ${edge.name}${edge.isInline ? ' (inline)' : ''}`,
            ),
          ) as [string[], string[]]),
        ),
      )
    }
    case 'dot':
      return readDot(dot(merged, type, options))
    case 'tags':
      return tags(merged, type, options).tags.flatMap(({ key, unit, total, values }) =>
        [
          `${key} ${Number(total)}`,
          // Numbers in the unit that pprof tells them in: bytes, for it knows no other here.
          ...values.map((each) => `${key}: ${each.value}${unit === '' ? '' : 'B'} ${Number(each.total)}`),
        ].filter((line) => !line.endsWith(' 0')),
      )
    case 'traces':
      return readTraces(traces(merged, type, options))
    case 'list':
      return source(merged, type, options)
        .functions.flatMap(({ name, file, flat, cum, baseFlat, baseCum }) =>
          file === '' ? [] : [`${net(flat, baseFlat)} ${net(cum, baseCum)} ${name} in ${file}`],
        )
        .filter((line) => !line.startsWith('0 0 '))
  }
}
