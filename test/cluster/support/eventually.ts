import { until } from '../../support/until.ts'

/**
 * As `until`, for what takes a cluster minutes while its machine is busy: the limit is five minutes. It is asked once a
 * second, as each question is work for those who are waited for.
 */
export function eventually<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
): Promise<Exclude<Answer, false | undefined>> {
  return until(what, ask, 300_000, 1000)
}
