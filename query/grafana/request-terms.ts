import { ApiError } from '../api/answer.ts'
import type { TimeRange } from '../time.ts'
import { type GrafanaSelector, grafanaSelector } from './grafana-selector.ts'
import { type ProfileTypeId, parseProfileTypeId } from './profile-type-id.ts'

/** Milliseconds; 0, which is what is not said, is now and an hour before that. */
export function rangeOfRequest({ start, end }: { readonly start: bigint; readonly end: bigint }): TimeRange {
  const endMs = end === 0n ? Date.now() : Number(end)
  const startMs = start === 0n ? endMs - 60 * 60 * 1000 : Number(start)
  const isTooLate = endMs > latestMs || startMs < -latestMs
  if (isTooLate || startMs > endMs)
    throw new ApiError(
      'bad_data',
      `range: from ${start} to ${end}, want unix milliseconds, the first before the last`,
    )
  return { startMs, endMs }
}

const latestMs = Date.UTC(9999, 11, 31)

/** Throws SelectorErrors and ApiErrors. */
export function selectorOf(text: string, id?: ProfileTypeId): GrafanaSelector {
  return understood(() => grafanaSelector(text, id))
}

export function profileTypeOf(text: string): ProfileTypeId {
  return understood(() => parseProfileTypeId(text))
}

/** Turns a thrown SyntaxError into the request's error. */
export function understood<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ApiError('bad_data', error.message, { cause: error })
  }
}
