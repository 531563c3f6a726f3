import type { ProcessIdentity } from '../../block/attempt.ts'
import { type HealthClass, healthCode } from '../../block/health.ts'
import { type Rows, rowFlags } from '../../block/rows.ts'
import type { RowRef } from '../../query/series-values.ts'

/** An attempt of a series that nobody scraped. */
export interface MadeRow {
  /** Unix ms. */
  readonly at: number
  /** Absent of an attempt that brought no profile. */
  readonly total?: number | bigint
  readonly health?: HealthClass
  readonly coveredMs?: number
  readonly durationMs?: number
  readonly isReset?: boolean
  readonly process?: Partial<ProcessIdentity>
}

/** Rows as a block would have them, of one sample type. */
export function madeRows(type: string, made: readonly MadeRow[]): RowRef[] {
  const { length } = made
  const isWide = made.some(({ total }) => typeof total === 'bigint')
  const rows: Rows = {
    length,
    timeMs: Float64Array.from(made, ({ at }) => at),
    durationMs: Float64Array.from(made, ({ durationMs = 0 }) => durationMs),
    coveredMs: Float64Array.from(made, ({ coveredMs = 0 }) => coveredMs),
    health: Uint8Array.from(made, ({ health, total }) =>
      healthCode(health ?? (total === undefined ? 'refused' : 'ok')),
    ),
    httpStatus: new Uint16Array(length),
    flags: Uint8Array.from(made, ({ total, isReset = false }) =>
      total === undefined ? 0 : rowFlags.body | rowFlags.columns | (isReset ? rowFlags.reset : 0),
    ),
    sizeBytes: new Float64Array(length),
    writer: new Uint32Array(length),
    seq: Float64Array.from({ length }, (_, seq) => seq),
    writers: ['w'],
    process: Uint32Array.from(made, ({ process }, row) => (process === undefined ? 0 : row + 1)),
    processes: [unknown, ...made.map(({ process = {} }) => ({ ...unknown, ...process }))],
    sampleTypes: [{ type, unit: '' }],
    defaultSampleType: 0,
    totals: [
      isWide
        ? BigInt64Array.from(made, ({ total = 0 }) => BigInt(total))
        : Float64Array.from(made, ({ total = 0 }) => Number(total)),
    ],
  }
  return made.map((_, row) => ({ rows, row }))
}

const unknown: ProcessIdentity = {
  containerId: '',
  restartCount: 0,
  startTimeMs: 0,
  image: '',
  memoryLimitBytes: 0,
  cpuLimitMillicores: 0,
}
