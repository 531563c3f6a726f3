import type { BucketReader } from '../../bucket/bucket.ts'
import { formatLabels } from '../../profile/labels.ts'
import type { SeqInterval } from '../block-reader.ts'
import { blockMagic, headerBytes } from '../encode-block.ts'
import { readBodies } from '../read-bodies.ts'
import { findBlockObject, openBlockObject, type ToolOptions } from './block-object.ts'

export interface Verification {
  readonly isSound: boolean
  /** What was read, then one line per thing that is wrong. */
  readonly text: string
}

const maxProblems = 20

/**
 * `conprof block verify KEY`: reads every byte, decodes every profile, and checks what the rows and the tail say
 * against it. Checksums are checked with every read.
 */
export async function verifyBlock(
  bucket: BucketReader,
  wanted: string,
  options: ToolOptions = {},
): Promise<Verification> {
  const object = await findBlockObject(bucket, wanted, options)
  const problems: string[] = []
  const report = (problem: string) => void problems.push(problem)
  let profiles = 0
  let attempts = 0
  let bytes = 0
  try {
    const reader = await openBlockObject(bucket, object, options)
    const { meta } = reader
    // Nothing else reads the beginning; it is there for people and for `file`.
    const header = Buffer.from(await bucket.getRange(object.key, 0, headerBytes, options))
    const version = header.length === headerBytes ? header.readUInt32LE(blockMagic.length) : 0
    const reserved = header.length === headerBytes ? header.readUInt32LE(blockMagic.length + 4) : 1
    if (
      !header.subarray(0, blockMagic.length).equals(blockMagic) ||
      version !== meta.version ||
      reserved !== 0
    ) {
      report(`header is ${header.toString('hex')}`)
    }
    if (meta.minTimeMs !== object.name.minTimeMs || meta.maxTimeMs !== object.name.maxTimeMs) {
      report(`times are ${meta.minTimeMs} to ${meta.maxTimeMs}, the key says otherwise`)
    }
    const covered = new Map(meta.covered.map(({ writer, intervals }) => [writer, intervals]))
    for (const series of reader.select([])) {
      const name = formatLabels(reader.labels(series))
      try {
        const [rows] = await reader.rows([series], options)
        if (rows === undefined) throw new Error('no rows')
        attempts += rows.length
        for (let row = 0; row < rows.length; row++) {
          const writer = rows.writers[rows.writer[row]!] ?? ''
          const timeMs = rows.timeMs[row]!
          if (!contains(covered.get(writer) ?? [], rows.seq[row]!)) {
            report(`${name} row ${row}: attempt ${rows.seq[row]} of ${writer} is not covered`)
          }
          if (timeMs < meta.minTimeMs || timeMs > meta.maxTimeMs) report(`${name} row ${row}: time ${timeMs}`)
        }
        for await (const body of readBodies(reader, series, rows, options)) {
          profiles++
          bytes += body.bytes.length
          const want = rows.sizeBytes[body.row]!
          if (body.bytes.length !== want) {
            report(`${name} row ${body.row}: body of ${body.bytes.length} bytes, want ${want}`)
          }
        }
        await reader.sums(series, options)
      } catch (error) {
        if (options.signal?.aborted) throw error
        report(`${name}: ${(error as Error).message}`)
      }
    }
    if (attempts !== meta.attemptCount) report(`${attempts} attempts, the tail says ${meta.attemptCount}`)
    if (profiles !== meta.profileCount) report(`${profiles} profiles, the tail says ${meta.profileCount}`)
  } catch (error) {
    if (options.signal?.aborted) throw error
    report((error as Error).message)
  }
  const isSound = problems.length === 0
  const shown = problems.slice(0, maxProblems)
  if (problems.length > maxProblems) shown.push(`… and ${problems.length - maxProblems} more`)
  const verdict = isSound ? 'sound' : 'damaged'
  return {
    isSound,
    text: `${[`${object.key}: ${verdict}, ${attempts} attempts, ${profiles} profiles of ${bytes} bytes`, ...shown].join('\n')}\n`,
  }
}

function contains(intervals: readonly SeqInterval[], seq: number): boolean {
  return intervals.some(({ first, last }) => first <= seq && seq <= last)
}
