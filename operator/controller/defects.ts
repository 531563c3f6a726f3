import { Counter, type Registry } from 'prom-client'
import type { Logger } from '../../lib/log.ts'

const places = ['pass', 'pod', 'status'] as const
export type DefectPlace = (typeof places)[number]

/** What threw and must not: it is counted and said, and everything else goes on. */
export class Defects {
  readonly #logger: Logger
  readonly #count: Counter<'where'>

  constructor({ logger, registry }: { readonly logger: Logger; readonly registry: Registry }) {
    this.#logger = logger
    this.#count = new Counter({
      name: 'conprof_operator_defects_total',
      help: 'Defects of the operator: in a whole pass, a decision about a pod, the status of a ProfileTarget.',
      labelNames: ['where'],
      registers: [registry],
    })
    // There from the start: an alert on an increase must see the first one.
    for (const where of places) this.#count.inc({ where }, 0)
  }

  note(where: DefectPlace, error: unknown, about: Readonly<Record<string, string>> = {}): void {
    this.#count.inc({ where })
    this.#logger.error({ ...about, err: error }, `a defect in a ${where}, and the rest goes on`)
  }
}
