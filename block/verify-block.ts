import { formatLabels } from '../profile/labels.ts'
import { blockMagic, headerBytes } from './block-format.ts'
import { parseBlockKey } from './block-key.ts'
import type { ByteSource, SeqInterval } from './block-reader.ts'
import { openBlock } from './open-block.ts'
import { readBodies } from './read-bodies.ts'

export interface BlockVerification {
  readonly attempts: number
  readonly profiles: number
  /** One line each; empty where the block is as it says. */
  readonly problems: readonly string[]
}

/**
 * Reads everything in a block: every checksum, every profile back to its bytes, and rows, header and name against
 * what the tail says. Rejects only where the signal aborts.
 */
export async function verifyBlock(
  source: ByteSource,
  options: { readonly signal?: AbortSignal } = {},
): Promise<BlockVerification> {
  const problems: string[] = []
  let attempts = 0
  let profiles = 0
  try {
    const reader = await openBlock(source, options)
    const { meta } = reader
    // Nothing else reads the beginning; it is there for people and for `file`.
    const header = Buffer.from(await source.read(0, headerBytes, options))
    const isHeader =
      header.subarray(0, blockMagic.length).equals(blockMagic) &&
      header.readUInt32LE(blockMagic.length) === meta.version &&
      header.readUInt32LE(blockMagic.length + 4) === 0
    if (!isHeader) problems.push(`header is ${header.toString('hex')}`)
    const key = parseBlockKey(source.name)
    if (key !== undefined && (meta.minTimeMs !== key.minTimeMs || meta.maxTimeMs !== key.maxTimeMs))
      problems.push(`times are ${meta.minTimeMs} to ${meta.maxTimeMs}, the name says otherwise`)
    const covered = new Map(meta.covered.map(({ writer, intervals }) => [writer, intervals]))
    for (const series of reader.select([])) {
      const name = formatLabels(reader.labels(series))
      try {
        const [rows] = await reader.rows([series], options)
        attempts += rows!.length
        for (let row = 0; row < rows!.length; row++) {
          const writer = rows!.writers[rows!.writer[row]!] ?? ''
          const timeMs = rows!.timeMs[row]!
          if (!contains(covered.get(writer) ?? [], rows!.seq[row]!))
            problems.push(`${name} row ${row}: attempt ${rows!.seq[row]} of ${writer} is not covered`)
          if (timeMs < meta.minTimeMs || timeMs > meta.maxTimeMs)
            problems.push(`${name} row ${row}: time ${timeMs}`)
        }
        for await (const body of readBodies(reader, series, rows!, options)) {
          profiles++
          const want = rows!.sizeBytes[body.row]!
          if (body.bytes.length !== want)
            problems.push(`${name} row ${body.row}: body of ${body.bytes.length} bytes, want ${want}`)
        }
        await reader.sums(series, options)
      } catch (error) {
        options.signal?.throwIfAborted()
        problems.push(`${name}: ${(error as Error).message}`)
      }
    }
    if (attempts !== meta.attemptCount)
      problems.push(`${attempts} attempts, the tail says ${meta.attemptCount}`)
    if (profiles !== meta.profileCount)
      problems.push(`${profiles} profiles, the tail says ${meta.profileCount}`)
  } catch (error) {
    options.signal?.throwIfAborted()
    problems.push((error as Error).message)
  }
  return { attempts, profiles, problems }
}

function contains(intervals: readonly SeqInterval[], seq: number): boolean {
  return intervals.some(({ first, last }) => first <= seq && seq <= last)
}
