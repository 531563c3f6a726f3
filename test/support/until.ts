import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks again and again until the answer is neither false nor undefined, and resolves with it; a question that throws
 * has no answer yet. Rejects where `what` did not come within the limit, 30 s unless given, with the last error. Where
 * a question costs those who are watched, it is better asked less often than every 20 ms.
 */
export async function until<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  limitMs = 30_000,
  everyMs = 20,
): Promise<Exclude<Answer, false | undefined>> {
  const endMs = performance.now() + limitMs
  for (;;) {
    let problem: unknown
    try {
      const answer = await ask()
      if (answer !== false && answer !== undefined) return answer as Exclude<Answer, false | undefined>
    } catch (error) {
      problem = error
    }
    if (performance.now() > endMs) {
      const last = problem instanceof Error ? `: ${problem.message}` : ''
      throw new Error(`waited ${limitMs} ms for ${what}${last}`, { cause: problem })
    }
    await sleep(everyMs)
  }
}
