import { Counter, type Registry } from 'prom-client'
import type { Logger } from '../lib/log.ts'
import type { Place } from './candidates.ts'
import { missing } from './missing.ts'

/** What could not be read: in the log, in a metric, and in answers. */
export class FailureNotes {
  readonly #log: Logger
  readonly #failures: Counter<'place'>

  constructor(options: { readonly log: Logger; readonly registry: Registry }) {
    this.#log = options.log
    this.#failures = new Counter({
      name: 'conprof_query_block_failures_total',
      help: 'What could not be read, so that an answer carried a warning: heads, listings, blocks by where they are.',
      labelNames: ['place'],
      registers: [options.registry],
    })
    // From the start, so that the first failure is an increase.
    for (const place of ['head', 'pending', 'bucket', 'listing']) this.#failures.inc({ place }, 0)
  }

  /** `name` with its verb, such as `block x is`; what the answer says goes to `warnings`. */
  warn(place: Place | 'listing', name: string, error: unknown, warnings: string[]): void {
    this.note(place, name.replace(/ (is|are)$/, ''), error)
    warnings.push(missing(name, error))
  }

  note(place: Place | 'listing', name: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#failures.inc({ place })
    this.#log.warn({ place }, `answer without ${name}: ${message}`)
  }
}
