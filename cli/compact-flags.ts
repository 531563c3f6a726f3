import { Option } from 'commander'
import { parseByteSize } from '../lib/byte-size.ts'
import { parseDuration } from '../lib/duration.ts'
import { given, reading } from './flags.ts'

/** Of what compacts: `conprof compact`, and `conprof all`, which does so beside everything else. */
export interface CompactFlags {
  readonly compactIntervalMs: number
  readonly compactGraceMs: number
  readonly compactDeleteDelayMs: number
  readonly compactJobBytes: number
  readonly compactCluster?: string
  readonly takeOwnership: boolean
}

export const compactOptions: readonly Option[] = [
  new Option('--compact.interval <duration>', 'how often to look for blocks to merge')
    .default(parseDuration('5m'), '5m')
    .argParser(reading(positiveDuration)),
  new Option('--compact.job-size <size>', 'most bytes merged in one go; the disk holds about twice that')
    .default(parseByteSize('4GB'), '4GB')
    .argParser(reading(parseByteSize)),
  new Option(
    '--compact.cluster <name>',
    'who owns the bucket, in its owner.json; made up and kept without it',
  ),
  new Option('--take-ownership', 'compact a bucket that another cluster owned').default(false),
  new Option('--compact.grace <duration>', 'how long blocks may come after the end of their time')
    .default(parseDuration('45m'), '45m')
    .argParser(reading(parseDuration)),
  new Option('--compact.delete-delay <duration>', 'how long merged blocks stay for readers that know them')
    .default(parseDuration('30m'), '30m')
    .argParser(reading(parseDuration))
    .hideHelp(),
]

export function readCompactFlags(values: Readonly<Record<string, unknown>>): CompactFlags {
  const flags = {
    compactIntervalMs: values['compact.interval'],
    compactGraceMs: values['compact.grace'],
    compactDeleteDelayMs: values['compact.deleteDelay'],
    compactJobBytes: values['compact.jobSize'],
    compactCluster: values['compact.cluster'],
    takeOwnership: values['takeOwnership'],
  } satisfies Record<keyof CompactFlags, unknown>
  return given(flags) as unknown as CompactFlags
}

function positiveDuration(text: string): number {
  const durationMs = parseDuration(text)
  if (durationMs === 0) throw new SyntaxError(`duration ${JSON.stringify(text)}: want more than nothing`)
  return durationMs
}
