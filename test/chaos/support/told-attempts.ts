import type { ProfileItem } from '../../../query/api/types.ts'
import { answerSince } from '../../cluster/support/conprof-release.ts'
import { eventually } from '../../cluster/support/eventually.ts'
import type { PortForward } from '../../cluster/support/port-forward.ts'

/** All attempts that began at `startMs` or later, once query answers and says that nothing lacks. */
export function untilWholeAnswer(
  query: PortForward,
  startMs: number,
  selector = '{}',
): Promise<ProfileItem[]> {
  return eventually('a whole answer', async () => {
    const { attempts, warnings } = await answerSince(await query.url(), selector, startMs)
    if (warnings.length > 0) throw new Error(warnings.join('; '))
    return attempts
  })
}

/** A line for each attempt of `before` that `after` does not have, or has with other numbers. */
export function lostAttempts(before: readonly ProfileItem[], after: readonly ProfileItem[]): string[] {
  const now = new Map(after.map((attempt) => [attempt.id, attempt]))
  return before.flatMap((attempt) => {
    const same = now.get(attempt.id)
    const name = `${attempt.labels['pod']} ${attempt.labels['profile_path']} ${attempt.id}`
    if (same === undefined) return [`${name}: gone`]
    const [was, is] = [attempt, same].map((each) => JSON.stringify(each))
    return was === is ? [] : [`${name}: was ${was}, is ${is}`]
  })
}
