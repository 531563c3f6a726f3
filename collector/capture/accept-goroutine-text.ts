import type { Scrape } from '../scrape/scrape.ts'

/** Of what is no pprof, Go's text of all goroutines is well; it is stored as it came. */
export function acceptGoroutineText(scraped: Scrape): Scrape {
  const { attempt } = scraped
  if (scraped.health !== 'not-pprof' || attempt.body === undefined) return scraped
  const start = Buffer.from(attempt.body.buffer, attempt.body.byteOffset, Math.min(attempt.body.length, 64))
  if (!/^goroutine \d+ \[/.test(start.toString('latin1'))) {
    const { body: _, ...rest } = attempt
    return { ...scraped, attempt: rest, reason: 'the answer is no text of goroutines, as debug=2 gives it' }
  }
  return { ...scraped, health: 'ok', reason: '', attempt: { ...attempt, health: 'ok' } }
}
