import type { BucketReader } from '../../bucket/bucket.ts'
import { formatByteSize } from '../../lib/byte-size.ts'
import { formatLabels } from '../../profile/labels.ts'
import { rowFlags } from '../rows.ts'
import { findBlockObject, openBlockObject, type ToolOptions } from './block-object.ts'
import { formatTable } from './format-table.ts'
import { timeText } from './list-blocks.ts'

/** `conprof block inspect KEY`: what is in a block and where its bytes go. Reads rows, no bodies. */
export async function inspectBlock(
  bucket: BucketReader,
  wanted: string,
  options: ToolOptions = {},
): Promise<string> {
  const object = await findBlockObject(bucket, wanted, options)
  const reader = await openBlockObject(bucket, object, options)
  const { meta } = reader
  const facts: [string, string][] = [
    ['key', object.key],
    ['format', `version ${meta.version}, level ${meta.level}`],
    ['time', `${timeText(meta.minTimeMs)} to ${timeText(meta.maxTimeMs)}`],
    ['holds', `${meta.attemptCount} attempts, ${meta.profileCount} profiles, ${meta.seriesCount} series`],
    ['size', `${formatByteSize(meta.sizeBytes)} (${meta.sizeBytes} bytes)`],
  ]
  for (const { writer, intervals } of meta.covered) {
    const shown = intervals
      .slice(0, 5)
      .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
    const more = intervals.length > 5 ? `, … (${intervals.length} intervals)` : ''
    facts.push(['covers', `${writer}: ${shown.join(', ')}${more}`])
  }
  const selected = reader.select([])
  const allRows = await reader.rows(selected, options)
  let rawBytes = 0
  const series = selected.map((each, i) => {
    const rows = allRows[i]!
    let profiles = 0
    let kept = 0
    let seriesBytes = 0
    for (let row = 0; row < rows.length; row++) {
      if (rows.flags[row]! & rowFlags.body) profiles++
      if (rows.flags[row]! & rowFlags.bytes) kept++
      seriesBytes += rows.sizeBytes[row]!
    }
    rawBytes += seriesBytes
    const { groups } = reader.entry(each)
    const stored = groups.reduce((sum, { body, kept }) => sum + body.length + kept.length, 0)
    const failed = rows.length - profiles
    return [
      profiles,
      failed,
      kept,
      formatByteSize(seriesBytes),
      formatByteSize(stored),
      formatLabels(reader.labels(each)),
    ]
  })
  const parts = Object.entries(meta.sectionBytes).filter(([name]) => name !== 'tail')
  // What is left: the header, the tail and the footer behind it.
  const tailBytes = parts.reduce((left, [, sizeBytes]) => left - sizeBytes, meta.sizeBytes)
  const sections = [...parts, ['tail', tailBytes] as const]
    .filter(([, sizeBytes]) => sizeBytes > 0)
    .map(([name, sizeBytes]) => [name, sizeBytes, `${((sizeBytes / meta.sizeBytes) * 100).toFixed(1)} %`])
  facts.push([
    'profiles',
    `${formatByteSize(rawBytes)} uncompressed, ${(rawBytes / meta.sizeBytes).toFixed(1)} times the block`,
  ])
  return [
    `${facts.map(([name, text]) => `${name.padEnd(10)}${text}`).join('\n')}\n`,
    formatTable(['SECTION', 'BYTES', 'SHARE'], sections),
    formatTable(['PROFILES', 'FAILED', 'KEPT', 'RAW', 'STORED', 'SERIES'], series),
  ].join('\n')
}
