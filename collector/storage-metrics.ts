import { statfs } from 'node:fs/promises'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type StorageMetrics = ReturnType<typeof createStorageMetrics>

export interface StorageFacts {
  readonly attempts: number
  readonly heldBytes: number
  readonly pending: readonly number[]
  /** Of the oldest block that is not in the bucket: when its last profile was; undefined where all are. */
  readonly oldestPendingMs: number | undefined
}

/** `state` is asked at every scrape of the metrics. `path` is on the disk that matters. */
export function createStorageMetrics(registry: Registry, path: string, state: () => StorageFacts) {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  const counter = (name: string, help: string) => new Counter({ name, help, registers })
  gauge('conprof_storage_head_attempts', 'Attempts in memory, not yet in a block.', () => state().attempts)
  gauge('conprof_storage_head_bytes', 'Estimated memory of the head.', () => state().heldBytes)
  gauge(
    'conprof_storage_pending_blocks',
    'Blocks on disk that wait for the bucket.',
    () => state().pending.length,
  )
  gauge('conprof_storage_pending_bytes', 'Their bytes.', () => state().pending.reduce((sum, n) => sum + n, 0))
  gauge(
    'conprof_collector_oldest_pending_block_seconds',
    'Age of the last profile in the oldest block that is not in the bucket yet; 0 where all are.',
    () => Math.max(0, Date.now() - (state().oldestPendingMs ?? Date.now())) / 1000,
  )
  diskGauge(registry, path, 'free', 'Bytes that are left for us', ({ bavail, bsize }) => bavail * bsize)
  diskGauge(registry, path, 'total', 'Size', ({ blocks, bsize }) => blocks * bsize)
  return {
    appended: counter('conprof_storage_appended_total', 'Attempts on disk and visible.'),
    appendFailures: new Counter({
      name: 'conprof_storage_append_failures_total',
      help: 'Attempts that were refused, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    walBytes: counter('conprof_storage_wal_written_bytes_total', 'Bytes written to the log.'),
    walSync: new Histogram({
      name: 'conprof_storage_wal_sync_seconds',
      help: 'Time to write and sync one batch.',
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    walAbandoned: counter(
      'conprof_storage_wal_abandoned_segments_total',
      'Segments given up after a failed write or sync.',
    ),
    walDamage: counter(
      'conprof_storage_wal_damage_total',
      'Places in the log that could not be read; the segments were kept aside.',
    ),
    headFailures: counter(
      'conprof_storage_head_failures_total',
      'Attempts that the head could not take; their segments were kept aside.',
    ),
    replayed: counter(
      'conprof_storage_replayed_attempts_total',
      'Attempts read back from the log after a start.',
    ),
    replaySeconds: new Gauge({
      name: 'conprof_storage_replay_seconds',
      help: 'How long the last replay took.',
      registers,
    }),
    cuts: counter('conprof_storage_blocks_cut_total', 'Blocks cut from the head.'),
    cutFailures: counter('conprof_storage_cut_failures_total', 'Cuts that were put off.'),
    cutSeconds: new Histogram({
      name: 'conprof_storage_cut_seconds',
      help: 'Time to encode and store the blocks of one cut.',
      buckets: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    uploads: counter('conprof_storage_uploads_total', 'Blocks that reached the bucket.'),
    uploadFailures: counter('conprof_storage_upload_failures_total', 'PUTs that will be tried again.'),
    lastUpload: new Gauge({
      name: 'conprof_storage_last_upload_timestamp_seconds',
      help: 'When a block last reached the bucket.',
      registers,
    }),
    damagedPending: counter(
      'conprof_storage_damaged_pending_blocks_total',
      'Files in pending/ that are no whole block; kept aside.',
    ),
  }
}

function diskGauge(
  registry: Registry,
  path: string,
  name: 'free' | 'total',
  what: string,
  read: (disk: { readonly bavail: number; readonly blocks: number; readonly bsize: number }) => number,
): void {
  new Gauge({
    name: `conprof_collector_disk_${name}_bytes`,
    help: `${what} of the disk of --storage.path.`,
    registers: [registry],
    async collect() {
      // A disk that does not answer has no size; what it had last would be taken for true.
      const disk = await statfs(path).catch(() => undefined)
      if (disk === undefined) this.reset()
      else this.set(read(disk))
    },
  })
}
