import { Option } from 'commander'
import { parseByteSize } from '../lib/byte-size.ts'
import { parseDuration } from '../lib/duration.ts'
import { given, reading } from './flags.ts'

/** Of what deletes: `conprof compact`, and `conprof all`. */
export interface RetentionFlags {
  /** 0 keeps everything. */
  readonly storageRetentionTimeMs: number
  readonly storageRetentionSizeBytes?: number
  readonly storagePolicyFile?: string
}

export const retentionOptions: readonly Option[] = [
  new Option('--storage.retention.time <duration>', 'delete what is older than this; 0 keeps it')
    .default(parseDuration('90d'), '90d')
    .argParser(reading(parseDuration)),
  new Option('--storage.retention.size <size>', 'delete the oldest beyond this, such as 50GB').argParser(
    reading(parseByteSize),
  ),
  new Option('--storage.policy-file <file>', 'how long for which series, and what is thinned out'),
]

/** Of a collector, which deletes nothing any more: it still takes them, so that it starts. */
export const formerRetentionOptions: readonly Option[] = retentionOptions
  .filter((option) => option.attributeName().startsWith('storage.retention'))
  .map((option) => new Option(option.flags, option.description).argParser(option.parseArg!).hideHelp())

export function readRetentionFlags(values: Readonly<Record<string, unknown>>): RetentionFlags {
  const flags = {
    storageRetentionTimeMs: values['storage.retention.time'],
    storageRetentionSizeBytes: values['storage.retention.size'],
    storagePolicyFile: values['storage.policyFile'],
  } satisfies Record<keyof RetentionFlags, unknown>
  return given(flags) as unknown as RetentionFlags
}
