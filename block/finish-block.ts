import type { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { blockMagic } from './block-format.ts'
import type { BlockMeta } from './block-reader.ts'
import { encodeChunk } from './chunk.ts'
import { encodeTail, type Tail } from './tail.ts'

/**
 * Tail chunk and footer, the end of a block. `startBytes` is what lies before `out`, where that does not hold the
 * whole block; `sectionBytes` are the sections so far.
 */
export function finishBlock(
  out: ByteWriter,
  tail: Tail,
  options: {
    readonly version: number
    readonly level: number
    readonly sectionBytes: Readonly<Record<string, number>>
    readonly startBytes?: number
  },
): BlockMeta {
  const { version, startBytes = 0 } = options
  const chunk = encodeChunk(encodeTail(tail, version), options.level)
  const start = out.length
  out.raw(chunk)
  out.u32(chunk.length)
  out.u32(version)
  out.raw(blockMagic)
  const sectionBytes = { ...options.sectionBytes, tail: out.length - start }
  return metaOf(tail, { version, sizeBytes: startBytes + out.length, sectionBytes })
}

export function metaOf(
  tail: Tail,
  about: Pick<BlockMeta, 'version' | 'sizeBytes' | 'sectionBytes'>,
): BlockMeta {
  const { level, minTimeMs, maxTimeMs, covered, partition, series, profileCount, attemptCount } = tail
  return {
    ...about,
    level,
    minTimeMs,
    maxTimeMs,
    covered,
    partition,
    seriesCount: series.length,
    profileCount,
    attemptCount,
  }
}
