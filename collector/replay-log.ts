import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Attempt } from '../block/attempt.ts'
import { SeqSet } from './seq-set.ts'
import { type LogSegment, readAhead } from './wal/read-log.ts'

export interface ReplayOptions {
  readonly segments: readonly LogSegment[]
  /** Attempts that a block holds; what `cut` records say is added. */
  readonly covered: SeqSet
  readonly append: (
    attempt: Attempt,
    origin: { readonly writer: string; readonly seq: number },
    segment: number,
  ) => void
  readonly onDamage: (segment: LogSegment, offset: number, reason: string) => void
  readonly signal: AbortSignal
  /** Scraping and queries get a turn at least this often. */
  readonly sliceMs?: number
}

/**
 * Reads back what no block holds yet, oldest first; returns how many attempts that were. Reads the log twice:
 * a `cut` record lies behind the attempts that it covers.
 */
export async function replayLog(options: ReplayOptions): Promise<number> {
  const { segments, covered, signal } = options
  const sliceMs = options.sliceMs ?? 8
  let sliceEndMs = performance.now() + sliceMs
  const pause = async () => {
    if (performance.now() < sliceEndMs) return
    await nextTurn()
    sliceEndMs = performance.now() + sliceMs
  }
  for (const [, entries] of readAhead(segments)) {
    try {
      for (const entry of await entries) {
        if (entry.kind === 'cut') covered.add(entry.cut.covered)
        await pause()
      }
    } catch {
      // It will say so again below.
    }
    if (signal.aborted) return 0
  }
  const seen = new SeqSet()
  let replayed = 0
  for (const [segment, entries] of readAhead(segments)) {
    try {
      for (const entry of await entries) {
        if (signal.aborted) return replayed
        if (entry.kind === 'damage') options.onDamage(segment, entry.offset, entry.reason)
        if (entry.kind !== 'attempt') continue
        const { attempt, seq } = entry
        const origin = { writer: segment.writer, seq }
        if (covered.has(origin.writer, seq) || seen.has(origin.writer, seq)) continue
        seen.add([{ writer: origin.writer, intervals: [{ first: seq, last: seq }] }])
        // The body is a view into the whole segment, which should not stay in memory.
        const owned = attempt.body === undefined ? attempt : { ...attempt, body: attempt.body.slice() }
        options.append(owned, origin, segment.number)
        replayed++
        await pause()
      }
    } catch (error) {
      options.onDamage(segment, 0, (error as Error).message)
    }
  }
  return replayed
}
