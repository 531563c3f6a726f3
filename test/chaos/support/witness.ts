import type { ProfileItem } from '../../../query/api/types.ts'
import { answerSince } from '../../cluster/support/conprof-release.ts'
import { eventually } from '../../cluster/support/eventually.ts'
import type { PortForward } from '../../cluster/support/port-forward.ts'
import { lostAttempts } from './told-attempts.ts'

export interface Testimony {
  readonly attempts: readonly ProfileItem[]
  readonly warnings: readonly string[]
  /** A line for each attempt that an earlier answer had and this one lacks, or has with other numbers. */
  readonly lost: readonly string[]
}

/** Asks query for everything since `startMs`, again and again, and remembers all that was ever answered. */
export class Witness {
  readonly #query: PortForward
  readonly #startMs: number
  readonly #told = new Map<string, ProfileItem>()

  constructor(query: PortForward, startMs: number) {
    this.#query = query
    this.#startMs = startMs
  }

  /** Of all attempts that were ever answered. */
  ids(): string[] {
    return [...this.#told.keys()]
  }

  /** Only what began at `sinceMs` or later, where that is given. */
  async ask(sinceMs = this.#startMs): Promise<Testimony> {
    const answer = await answerSince(await this.#query.url(), '{}', sinceMs)
    const told = [...this.#told.values()].filter(({ time }) => time >= sinceMs)
    const lost = lostAttempts(told, answer.attempts)
    for (const attempt of answer.attempts)
      if (!this.#told.has(attempt.id)) this.#told.set(attempt.id, attempt)
    return { ...answer, lost }
  }

  /** As `ask`, once an answer lacks nothing: what a busy program did not say in time is not lost. */
  askUntilWhole(): Promise<Testimony> {
    return eventually('an answer that lacks nothing', async () => {
      const testimony = await this.ask()
      if (testimony.warnings.length > 0) throw new Error(testimony.warnings.join('; '))
      return testimony
    })
  }
}
