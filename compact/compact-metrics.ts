import { Counter, Gauge, type Registry } from 'prom-client'
import { type Job, levels } from './plan.ts'

/** What a compactor counts; one per registry. */
export class CompactMetrics {
  readonly rounds: Counter<'result'>
  readonly jobs: Counter<'level'>
  readonly failures: Counter<'what'>
  readonly readBytes: Counter
  readonly writtenBytes: Counter
  readonly deletedSources: Counter
  readonly setAside: Gauge<'reason'>
  readonly lastSuccess: Gauge
  readonly #waiting: Gauge<'level'>

  constructor(registry: Registry) {
    const registers = [registry]
    this.rounds = new Counter({
      name: 'conprof_compact_rounds_total',
      help: 'Looks at the whole bucket, by whether everything in them went well.',
      labelNames: ['result'],
      registers,
    })
    this.jobs = new Counter({
      name: 'conprof_compact_jobs_total',
      help: 'Compactions that are in the bucket, by the level of what they made: 2 for 2 h, 3 and above for a day.',
      labelNames: ['level'],
      registers,
    })
    this.failures = new Counter({
      name: 'conprof_compact_failures_total',
      help: 'What went wrong and will be tried again: a listing, a tail, a job, a deletion, something beside compaction.',
      labelNames: ['what'],
      registers,
    })
    this.readBytes = new Counter({
      name: 'conprof_compact_read_bytes_total',
      help: 'Bytes of the blocks that were compacted.',
      registers,
    })
    this.writtenBytes = new Counter({
      name: 'conprof_compact_written_bytes_total',
      help: 'Bytes of the blocks that were made of them.',
      registers,
    })
    this.deletedSources = new Counter({
      name: 'conprof_compact_deleted_blocks_total',
      help: 'Blocks deleted because others cover all that they hold.',
      registers,
    })
    this.setAside = new Gauge({
      name: 'conprof_compact_set_aside_blocks',
      help: 'Blocks that are left as they are, because they do not read or are of a newer conprof.',
      labelNames: ['reason'],
      registers,
    })
    this.lastSuccess = new Gauge({
      name: 'conprof_compact_last_success_timestamp_seconds',
      help: 'When a round last ended in which everything went well.',
      registers,
    })
    this.#waiting = new Gauge({
      name: 'conprof_compact_waiting_blocks',
      help: 'Blocks that could be compacted and are not yet, by level.',
      labelNames: ['level'],
      registers,
    })
    // From the start, so that the first of each is an increase.
    for (const result of ['ok', 'failed']) this.rounds.inc({ result }, 0)
    for (const level of [levels.window, levels.day]) this.jobs.inc({ level: `${level}` }, 0)
    for (const what of ['list', 'tail', 'job', 'delete', 'pass']) this.failures.inc({ what }, 0)
    for (const reason of ['unreadable', 'too-new']) this.setAside.set({ reason }, 0)
    this.setWaiting([])
  }

  /** What these jobs have still to do. */
  setWaiting(jobs: readonly Job[]): void {
    const counts = new Map<number, number>([
      [levels.cut, 0],
      [levels.window, 0],
      [levels.day, 0],
    ])
    for (const { level } of jobs.flatMap(({ sources }) => sources)) {
      counts.set(level, (counts.get(level) ?? 0) + 1)
    }
    this.#waiting.reset()
    for (const [level, count] of counts) this.#waiting.set({ level: `${level}` }, count)
  }
}
