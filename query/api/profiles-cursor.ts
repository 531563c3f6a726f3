import { ApiError } from './answer.ts'
import { parseProfileId } from './profile-id.ts'

/** The last attempt that a page showed. */
export interface ProfilesCursor {
  readonly timeMs: number
  readonly hash: string
  /** Where they are sorted by it. */
  readonly total?: bigint
}

/** `<id>`, or `<total>@<id>` where attempts are sorted by their totals. */
export function formatCursor({ timeMs, hash, total }: ProfilesCursor): string {
  return `${total === undefined ? '' : `${total}@`}${timeMs}-${hash}`
}

/** Throws an ApiError for what was not given out for this order. */
export function parseCursor(text: string, { hasTotal }: { readonly hasTotal: boolean }): ProfilesCursor {
  const [, total, id = ''] = /^(?:(-?\d{1,19})@)?(.*)$/.exec(text) ?? []
  const place = parseProfileId(id)
  if (place === undefined || (total !== undefined) !== hasTotal) {
    throw new ApiError(
      'bad_data',
      `parameter "cursor": ${JSON.stringify(text)} is none that was given out for this order`,
    )
  }
  return { ...place, ...(total === undefined ? {} : { total: BigInt(total) }) }
}

/** Ascending: what a page shows first is less. The largest total first where there are any, then the newest, then by hash. */
export function comparePlaces(a: ProfilesCursor, b: ProfilesCursor): number {
  if (a.total !== undefined && b.total !== undefined && a.total !== b.total) return a.total > b.total ? -1 : 1
  return b.timeMs - a.timeMs || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)
}
