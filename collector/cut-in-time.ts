import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export interface CutInTimeOptions {
  /** Between cuts, at times that are the same for one writer and different between them. */
  readonly durationMs: number
  readonly writer: string
  /** Whether to cut now, whatever the time. */
  readonly isLarge: () => boolean
  /** Whether the disk is full, so that a cut is what makes room. */
  readonly needsRoom: () => boolean
  readonly cut: () => Promise<void>
  readonly makeRoom: () => Promise<void>
  /** A cut that is tried again. */
  readonly onFailure: (error: unknown) => void
}

/** Cuts when it is time, until the signal. Never rejects. */
export async function cutInTime(options: CutInTimeOptions & { readonly signal: AbortSignal }): Promise<void> {
  const { durationMs, signal, isLarge, needsRoom } = options
  const jitterMs =
    createHash('sha256').update(options.writer).digest().readUInt32LE() % Math.min(durationMs / 10, 30_000)
  const nextCutMs = () => (Math.floor((Date.now() - jitterMs) / durationMs) + 1) * durationMs + jitterMs
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {})
  let dueMs = nextCutMs()
  while (!signal.aborted) {
    await pause(Math.min(1000, durationMs / 4))
    if (signal.aborted) return
    // A clock that was set back would put the next cut off for as long.
    if (dueMs - Date.now() > durationMs + jitterMs) dueMs = nextCutMs()
    if (Date.now() < dueMs && !isLarge() && !needsRoom()) continue
    try {
      const isUrgent = needsRoom()
      if (isUrgent) await options.makeRoom()
      else await options.cut()
      dueMs = nextCutMs()
      // Where others fill the disk, cutting again and again does not help.
      if (isUrgent) await pause(Math.min(3000, durationMs))
    } catch (error) {
      if (signal.aborted) return
      options.onFailure(error)
      await pause(Math.min(10_000, durationMs))
    }
  }
}
