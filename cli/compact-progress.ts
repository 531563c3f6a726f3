import { formatByteSize } from '../lib/byte-size.ts'

export interface CompactProgress {
  /** From 1. */
  readonly round: number
  readonly elapsedMs: number
  /** Bytes of sources. */
  readonly done: number
  readonly total: number
}

const barCells = 24

/** For a terminal: what is cut off where it is narrow comes last. */
export function formatBar(progress: CompactProgress): string {
  const { elapsedMs, done, total } = progress
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.round(share * barCells)
  const bar = '█'.repeat(filled) + '░'.repeat(barCells - filled)
  const left = share === 0 ? '' : `  ${Math.ceil((elapsedMs / share - elapsedMs) / 1000)} s left`
  return `${formatProgress(progress)}  ${bar}${left}`
}

export function formatProgress({ round, done, total }: CompactProgress): string {
  return `round ${round}: ${formatByteSize(done)} of ${formatByteSize(total)}`
}
