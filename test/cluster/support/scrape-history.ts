import type { LabelSet, ProfileItem } from '../../../query/api/types.ts'

/** What one scrape loop did: attempts of one profile type of one target, by ascending start. */
export interface ScrapeLoop {
  /** `namespace/pod/container instance path`, of one process, whoever scraped it. */
  readonly target: string
  readonly attempts: readonly ProfileItem[]
}

export function scrapeLoops(attempts: readonly ProfileItem[]): ScrapeLoop[] {
  const byTarget = Map.groupBy(attempts, ({ labels }) => targetOf(labels))
  return [...byTarget]
    .map(([target, attempts]) => ({ target, attempts: attempts.toSorted((a, b) => a.time - b.time) }))
    .sort((a, b) => (a.target < b.target ? -1 : 1))
}

function targetOf(labels: LabelSet): string {
  const of = (name: string) => labels[name] ?? ''
  return `${of('namespace')}/${of('pod')}/${of('container')} ${of('instance')} ${of('profile_path')}`
}

/** A line for each scrape that began while the one before it of the same target and type still ran. */
export function overlaps(loops: readonly ScrapeLoop[]): string[] {
  return loops.flatMap(({ target, attempts }) =>
    attempts.flatMap((attempt, index) => {
      const before = attempts[index - 1]
      if (before === undefined) return []
      const endMs = before.time + Math.max(before.durationSeconds, before.scrapeSeconds) * 1000
      if (attempt.time >= endMs) return []
      const runMs = Math.round(attempt.time - before.time)
      return [`${target}: at ${new Date(attempt.time).toISOString()}, ${runMs} ms after the one before began`]
    }),
  )
}

/**
 * A line for each time that more than `slots` scrapes in a row did not take place, where one is due every `intervalMs`.
 * A loop counts from its first attempt to its last, and up to `untilMs` where that is given.
 */
export function gaps(
  loops: readonly ScrapeLoop[],
  options: { readonly intervalMs: number; readonly slots: number; readonly untilMs?: number },
): string[] {
  const { intervalMs, slots, untilMs } = options
  // Starts are spread within a slot by where they were before; a queue of timed types adds some seconds.
  const limitMs = (slots + 1.5) * intervalMs
  return loops.flatMap(({ target, attempts }) => {
    const times = attempts.map(({ time }) => time)
    if (untilMs !== undefined) times.push(untilMs)
    return times.flatMap((time, index) => {
      const before = times[index - 1]
      if (before === undefined || time - before <= limitMs) return []
      return [
        `${target}: nothing for ${Math.round((time - before) / 1000)} s from ${new Date(before).toISOString()}`,
      ]
    })
  })
}
