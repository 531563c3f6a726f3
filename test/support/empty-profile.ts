import { gzipSync } from 'node:zlib'
import { Profile, StringTable, ValueType } from 'pprof-format'

/** A profile with a head and no samples: what Go answers for block and mutex where they are off. */
export function emptyProfile(): Buffer {
  const stringTable = new StringTable()
  const sampleType = [
    new ValueType({ type: stringTable.dedup('contentions'), unit: stringTable.dedup('count') }),
  ]
  return gzipSync(new Profile({ stringTable, sampleType }).encode())
}
