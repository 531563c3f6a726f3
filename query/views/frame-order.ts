import type { CallGraph } from './call-graph.ts'
import { compareFrames, type FrameTable } from './frame-table.ts'
import type { NetSums } from './net-sums.ts'

/** Largest absolute difference first. */
export function compareSums(sums: NetSums, a: number, b: number): number {
  const left = Math.abs(sums.number(a))
  const right = Math.abs(sums.number(b))
  if (left !== right) return right - left
  if (Number.isSafeInteger(left)) return 0
  const exactLeft = sums.big(a) < 0n ? -sums.big(a) : sums.big(a)
  const exactRight = sums.big(b) < 0n ? -sums.big(b) : sums.big(b)
  return exactLeft < exactRight ? 1 : exactLeft > exactRight ? -1 : 0
}

/** The order of `go tool pprof -top`: by flat, or cum, then by name. Whoever takes the first few takes pprof's. */
export function pprofOrder(
  { flat, cum, frames }: Pick<CallGraph, 'flat' | 'cum' | 'frames'>,
  sort: 'flat' | 'cum' = 'flat',
): (a: number, b: number) => number {
  const [first, last] = sort === 'flat' ? [flat, cum] : [cum, flat]
  return (a, b) =>
    compareSums(first, a, b) ||
    compareFrames(frames, a, b) ||
    compareSums(last, a, b) ||
    compareIdentity(frames, a, b)
}

/** As pprof prints what tells two nodes apart, so that the last tie is broken alike. */
export function compareIdentity(frames: FrameTable, a: number, b: number): number {
  const text = (frame: number): string => {
    const { function: name, address, file, startLine, line, object } = frames.frames[frame]!
    return `{${name}  ${address} ${file} ${startLine} ${line} 0 ${object}}`
  }
  const left = text(a)
  const right = text(b)
  return left < right ? -1 : left > right ? 1 : 0
}
