import { setImmediate as nextTurn } from 'node:timers/promises'
import { ColumnPlans } from '../profile/column-plan.ts'
import { PprofDecoder } from '../profile/decode-pprof.ts'
import { Dictionary } from '../profile/dictionary.ts'
import { PprofEncoder } from '../profile/encode-pprof.ts'
import { RecordEncoder } from '../profile/encode-record.ts'
import { inflatePprof } from '../profile/inspect-pprof.ts'
import { labelsKey } from '../profile/labels.ts'
import type { Attempt, ProcessIdentity } from './attempt.ts'
import type { BlockBuilder, EncodedBlock, EncodeOptions } from './block-builder.ts'
import { encodeBlock } from './encode-block.ts'
import { healthCode } from './health.ts'
import { type Codecs, SeriesBuilder, type ServiceBuilder } from './series-builder.ts'

/** Bodies beyond this once inflated are kept as they came; scraping refuses them before. */
const maxInflatedBytes = 128 * 1024 * 1024
/** Scrapes and queries get a turn at least this often while a large block is encoded. */
const sliceMs = 8

export const unknownProcess: ProcessIdentity = {
  containerId: '',
  restartCount: 0,
  startTimeMs: 0,
  image: '',
  memoryLimitBytes: 0,
  cpuLimitMillicores: 0,
}

/** An empty builder; see BlockBuilder. */
export function createBlockBuilder(): BlockBuilder {
  return new Builder()
}

/** What `encodeBlock` reads of a builder. */
export interface BuiltBlock {
  readonly series: Iterable<SeriesBuilder>
  readonly writers: readonly string[]
  readonly processes: readonly ProcessIdentity[]
}

class Builder implements BlockBuilder, BuiltBlock {
  attemptCount = 0
  profileCount = 0
  minTimeMs = Number.MAX_SAFE_INTEGER
  maxTimeMs = 0
  readonly writers: string[] = []
  readonly processes: ProcessIdentity[] = [unknownProcess]
  readonly #processIndex = new Map<string, number>()
  readonly #series = new Map<string, SeriesBuilder>()
  readonly #services = new Map<string, ServiceBuilder>()
  #bodyBytes = 0

  get series(): Iterable<SeriesBuilder> {
    return this.#series.values()
  }

  get symbolBytes(): number {
    let bytes = 0
    for (const { dictionary } of this.#services.values()) bytes += dictionary.heldBytes
    return bytes
  }

  get heldBytes(): number {
    return this.symbolBytes + this.#bodyBytes + this.attemptCount * 160
  }

  append(attempt: Attempt, origin: { readonly writer: string; readonly seq: number }): void {
    const series = this.#seriesOf(attempt)
    let writer = this.writers.indexOf(origin.writer)
    if (writer < 0) writer = this.writers.push(origin.writer) - 1
    const body = attempt.body
    let bytes = body
    if (body !== undefined) {
      try {
        bytes = inflatePprof(body, maxInflatedBytes)
      } catch {
        // A broken gzip is kept as it came; health already says so.
      }
    }
    const group = series.groups.at(-1)
    const heldBefore = group?.heldBytes ?? 0
    const added =
      bytes === undefined
        ? { flags: 0, totals: [], coveredMs: 0, group: Math.max(series.groups.length - 1, 0) }
        : series.addBody(bytes, attempt.timeMs, codecs)
    const held = series.groups.at(-1)
    this.#bodyBytes += (held?.heldBytes ?? 0) - (held === group ? heldBefore : 0)
    series.rows.push({
      timeMs: attempt.timeMs,
      durationMs: Math.round(attempt.durationMs),
      coveredMs: added.coveredMs,
      health: healthCode(attempt.health),
      httpStatus: attempt.httpStatus,
      flags: added.flags,
      sizeBytes: bytes?.length ?? 0,
      writer,
      seq: origin.seq,
      process: this.#processOf(attempt.process),
      totals: added.totals,
      group: added.group,
    })
    this.attemptCount++
    if (bytes !== undefined) this.profileCount++
    this.minTimeMs = Math.min(this.minTimeMs, attempt.timeMs)
    this.maxTimeMs = Math.max(this.maxTimeMs, attempt.timeMs)
  }

  encode(options: EncodeOptions = {}): EncodedBlock | undefined {
    const steps = encodeBlock(this, options)
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
    }
  }

  async encodeInSlices(options: EncodeOptions = {}): Promise<EncodedBlock | undefined> {
    const steps = encodeBlock(this, options)
    let sliceEndMs = performance.now() + sliceMs
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
      if (performance.now() < sliceEndMs) continue
      await nextTurn()
      sliceEndMs = performance.now() + sliceMs
    }
  }

  #seriesOf(attempt: Attempt): SeriesBuilder {
    const key = labelsKey(attempt.labels)
    let series = this.#series.get(key)
    if (series === undefined) {
      const name = attempt.labels['service_name'] ?? ''
      let service = this.#services.get(name)
      if (service === undefined) {
        const dictionary = new Dictionary()
        service = { name, dictionary, plans: new ColumnPlans(dictionary) }
        this.#services.set(name, service)
      }
      series = new SeriesBuilder(attempt.labels, service)
      this.#series.set(key, series)
    }
    return series
  }

  #processOf(process: ProcessIdentity | undefined): number {
    if (process === undefined) return 0
    const key = JSON.stringify(Object.values(process))
    let index = this.#processIndex.get(key)
    if (index === undefined) {
      index = this.processes.push(process) - 1
      this.#processIndex.set(key, index)
    }
    return index
  }
}

/** Scratch memory only: nothing of one profile reaches the next. */
const codecs: Codecs = {
  decoder: new PprofDecoder(),
  encoder: new PprofEncoder(),
  records: new RecordEncoder(),
}
