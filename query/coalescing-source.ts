import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import type { ByteSource } from '../block/block-reader.ts'

interface Read {
  readonly offset: number
  readonly length: number
  readonly signal: AbortSignal | undefined
  readonly answer: PromiseWithResolvers<Uint8Array>
  /** Whoever counts what a query reads finds it by its asynchronous context. */
  readonly inContext: <R>(run: () => R) => R
}

interface Span {
  readonly start: number
  end: number
  readonly reads: Read[]
}

/** Reads that are asked for in one turn of the event loop, and lie near each other, become one. */
export function coalescing(source: ByteSource): ByteSource {
  let waiting: Read[] = []
  const flush = async () => {
    await setImmediate()
    const reads = waiting
    waiting = []
    // Who goes away must not take others' bytes along.
    for (const own of Map.groupBy(reads, ({ signal }) => signal).values())
      for (const span of spansOf(own)) void readSpan(source, span)
  }
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    read(offset, length, options) {
      const answer = Promise.withResolvers<Uint8Array>()
      const inContext = AsyncLocalStorage.snapshot()
      if (waiting.push({ offset, length, signal: options?.signal, answer, inContext }) === 1) void flush()
      return answer.promise
    },
  }
}

function spansOf(reads: readonly Read[]): Span[] {
  const spans: Span[] = []
  for (const read of [...reads].sort((a, b) => a.offset - b.offset)) {
    const end = read.offset + read.length
    const span = spans.at(-1)
    const isNear =
      span !== undefined && read.offset - span.end <= maxGapBytes && end - span.start <= maxSpanBytes
    if (isNear) {
      span.end = Math.max(span.end, end)
      span.reads.push(read)
    } else spans.push({ start: read.offset, end, reads: [read] })
  }
  return spans
}

async function readSpan(source: ByteSource, { start, end, reads }: Span): Promise<void> {
  try {
    const { signal, inContext } = reads[0]!
    const options = signal === undefined ? {} : { signal }
    const bytes = await inContext(() => source.read(start, end - start, options))
    for (const { offset, length, answer } of reads) {
      answer.resolve(bytes.subarray(offset - start, offset - start + length))
    }
  } catch (error) {
    for (const { answer } of reads) answer.reject(error)
  }
}

/** A read of its own costs more than this many bytes. */
const maxGapBytes = 32 * 1024
const maxSpanBytes = 8 * 1024 * 1024
