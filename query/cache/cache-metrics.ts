import { Counter, Gauge, type Registry } from 'prom-client'

export interface CacheState {
  readonly bodyBytes: number
  readonly tailBytes: number
  readonly isUsable: boolean
}

/** What the page cache counts. */
export class CacheMetrics {
  readonly #asked: Counter<'result'>
  readonly #evicted: Counter<string>
  readonly #corrupt: Counter<string>

  constructor(registry: Registry, state: () => CacheState) {
    const registers = [registry]
    this.#asked = new Counter({
      name: 'conprof_query_cache_asked_bytes_total',
      help: 'Bytes of pages that queries asked the disk cache for: on disk (hit), fetched (miss), or being fetched already for another (shared).',
      labelNames: ['result'],
      registers,
    })
    for (const result of ['hit', 'miss', 'shared']) this.#asked.inc({ result }, 0)
    this.#evicted = new Counter({
      name: 'conprof_query_cache_evicted_bytes_total',
      help: 'Bytes that the disk cache dropped to stay within its size.',
      registers,
    })
    this.#corrupt = new Counter({
      name: 'conprof_query_cache_corrupt_pages_total',
      help: 'Pages on disk that were not what had been stored, and were fetched again.',
      registers,
    })
    new Gauge({
      name: 'conprof_query_cache_size_bytes',
      help: 'Bytes that the disk cache holds: tails of blocks, and the rest.',
      labelNames: ['part'],
      registers,
      collect() {
        const { bodyBytes, tailBytes } = state()
        this.set({ part: 'body' }, bodyBytes)
        this.set({ part: 'tail' }, tailBytes)
      },
    })
    new Gauge({
      name: 'conprof_query_cache_usable',
      help: '1 while the disk takes what the cache stores, else 0.',
      registers,
      collect() {
        this.set(state().isUsable ? 1 : 0)
      },
    })
  }

  asked(result: 'hit' | 'miss' | 'shared', sizeBytes: number): void {
    this.#asked.inc({ result }, sizeBytes)
  }

  evicted(sizeBytes: number): void {
    this.#evicted.inc(sizeBytes)
  }

  corrupt(pages: number): void {
    this.#corrupt.inc(pages)
  }
}
