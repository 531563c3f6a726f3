import { z } from 'zod'
import { parseSelector } from '../profile/selector.ts'
import type { Selection } from './selection.ts'

/** A selection as pins and erasures are written into a bucket. */
export interface StoredSelection {
  /** In the grammar of selectors. */
  readonly match: string
  readonly startMs: number
  readonly endMs: number
  readonly createdMs: number
}

const timeMs = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

/** What a newer version adds is passed over. */
export const storedSelection: z.ZodType<StoredSelection> = z
  .object({ match: z.string().max(10_000), startMs: timeMs, endMs: timeMs, createdMs: timeMs })
  .superRefine(({ match }, context) => {
    try {
      parseSelector(match)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message, path: ['match'] })
    }
  })

export function selectionOf({ match, startMs, endMs }: StoredSelection): Selection {
  return { matchers: parseSelector(match), startMs, endMs }
}
