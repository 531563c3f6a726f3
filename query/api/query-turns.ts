import { Gauge, type Registry } from 'prom-client'
import { isTimeout } from '../cancel.ts'
import { TurnQueue } from '../turn-queue.ts'
import { ApiError } from './answer.ts'
import type { Route } from './create-api.ts'

/** Answers so many queries at a time, so that what each holds in memory does not add up without bound. */
export class QueryTurns {
  readonly #maxConcurrent: number
  readonly #queue: TurnQueue

  constructor({ maxConcurrent, registry }: { readonly maxConcurrent: number; readonly registry: Registry }) {
    this.#maxConcurrent = maxConcurrent
    this.#queue = new TurnQueue(maxConcurrent)
    const queue = this.#queue
    const registers = [registry]
    new Gauge({
      name: 'conprof_query_running',
      help: 'Queries that are answered now.',
      registers,
      collect() {
        this.set(queue.running)
      },
    })
    new Gauge({
      name: 'conprof_query_waiting',
      help: 'Queries that wait for others to end, because of --query.max-concurrent.',
      registers,
      collect() {
        this.set(queue.waiting)
      },
    })
  }

  /** The same route, in turn. A query whose time is up before it had one gets a 503 that says when to try again. */
  limit(route: Route): Route {
    return async (ctx, request) => {
      const { signal } = request
      const waiting = this.#queue.enter(signal).catch((error: unknown) => {
        if (!isTimeout(signal.reason)) throw error
        ctx.set('Retry-After', String(retryAfterSeconds))
        throw new ApiError(
          'unavailable',
          `wait for other queries: ${this.#maxConcurrent} run, as many as --query.max-concurrent allows: try again later`,
          { cause: error },
        )
      })
      using _turn = await waiting
      await route(ctx, request)
    }
  }
}

const retryAfterSeconds = 5
