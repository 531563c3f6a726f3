import { Option } from 'commander'
import { parseByteSize } from '../lib/byte-size.ts'
import { given, reading } from './flags.ts'

/** Where pages of blocks are kept, of `conprof query` and `conprof all`. */
export interface CacheFlags {
  /** `cache` below `storagePath` without it. */
  readonly storageCachePath?: string
  /** 0 for none. */
  readonly storageCacheSizeBytes: number
}

export const cacheOptions: readonly Option[] = [
  new Option('--storage.cache-path <folder>', 'of S3 buckets (default: cache/ below --storage.path)'),
  new Option('--storage.cache-size <size>', 'the most that it takes; 0 for no cache')
    .default(parseByteSize('2GB'), '2GB')
    .argParser(reading(parseByteSize)),
]

export function readCacheFlags(values: Readonly<Record<string, unknown>>): CacheFlags {
  const flags = {
    storageCachePath: values['storage.cachePath'],
    storageCacheSizeBytes: values['storage.cacheSize'],
  } satisfies Record<keyof CacheFlags, unknown>
  return given(flags) as unknown as CacheFlags
}
