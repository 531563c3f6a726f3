import { Counter, Histogram, type Registry } from 'prom-client'
import { type BucketOperation, isBucketError } from './errors.ts'

/** What is counted of buckets, one per registry. With several buckets each has its name as the label `bucket`. */
export class BucketMetrics {
  readonly #operations: Counter<'operation' | 'bucket'>
  readonly #failures: Counter<'operation' | 'code' | 'bucket'>
  readonly #duration: Histogram<'operation' | 'bucket'>
  readonly #requests: Counter<'operation' | 'bucket'>
  readonly #transferred: Counter<'operation' | 'bucket'>

  constructor(registry: Registry) {
    const registers = [registry]
    this.#operations = new Counter({
      name: 'conprof_bucket_operations_total',
      help: 'Operations on the bucket that began; a listing is one, however many pages it has.',
      labelNames: ['operation', 'bucket'],
      registers,
    })
    this.#requests = new Counter({
      name: 'conprof_bucket_requests_total',
      help: 'Requests to the S3 store, as it bills them: each page of a listing and each retry is one.',
      labelNames: ['operation', 'bucket'],
      registers,
    })
    this.#failures = new Counter({
      name: 'conprof_bucket_operation_failures_total',
      help: 'Operations on the bucket that failed. A missing object is code NOT_FOUND; being told to stop is none.',
      labelNames: ['operation', 'code', 'bucket'],
      registers,
    })
    this.#duration = new Histogram({
      name: 'conprof_bucket_operation_duration_seconds',
      help: 'How long operations on the bucket took, with the retries in them.',
      labelNames: ['operation', 'bucket'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30, 120],
      registers,
    })
    this.#transferred = new Counter({
      name: 'conprof_bucket_transferred_bytes_total',
      help: 'Bytes of objects read from (get) and written to (put) the bucket.',
      labelNames: ['operation', 'bucket'],
      registers,
    })
  }

  /** For one bucket; without a name where there is no other. */
  of(bucket: string | undefined): OneBucketMetrics {
    const own = bucket === undefined ? {} : { bucket }
    for (const operation of ['list', 'get', 'stat', 'put', 'delete'] as const) {
      this.#operations.inc({ operation, ...own }, 0)
    }
    return {
      begin: (operation) => {
        this.#operations.inc({ operation, ...own })
        return this.#duration.startTimer({ operation, ...own })
      },
      failed: (operation, error) => {
        const code = isBucketError(error) ? error.code : 'OTHER'
        this.#failures.inc({ operation, code, ...own })
      },
      requested: (operation) => this.#requests.inc({ operation, ...own }),
      transferred: (operation, sizeBytes) => this.#transferred.inc({ operation, ...own }, sizeBytes),
    }
  }
}

export interface OneBucketMetrics {
  /** Call what it returns at the end. */
  begin(operation: BucketOperation): () => void
  failed(operation: BucketOperation, error: unknown): void
  /** Of an S3 store alone: what is no request to anybody is none. */
  requested(operation: BucketOperation): void
  transferred(operation: 'get' | 'put', sizeBytes: number): void
}
