import { Int64Sums } from '../lib/int64-sums.ts'
import { PprofDecoder } from './decode-pprof.ts'
import { Dictionary } from './dictionary.ts'
import { headerFacts } from './header.ts'
import type { MergedProfile } from './merged-profile.ts'

/** One profile on its own, for the views. Takes uncompressed pprof; throws NotPprofError. */
export function profileFromPprof(bytes: Uint8Array): MergedProfile {
  const dictionary = new Dictionary()
  const decoded = new PprofDecoder().decode(bytes, dictionary, new Uint32Array(0))
  const facts = headerFacts(dictionary.headers[decoded.header]!, dictionary)
  const values = facts.sampleTypes.map((_, type) => {
    const column = new Int64Sums(dictionary.keyCount)
    const first = type * decoded.sampleCount
    for (let i = 0; i < decoded.sampleCount; i++) {
      const key = decoded.keys[i]!
      if (decoded.wideValues !== undefined) column.addBig(key, decoded.wideValues[first + i]!)
      else column.add(key, decoded.values[first + i]!)
    }
    return column
  })
  const seconds = Number(decoded.durationNanos) / 1e9
  return {
    symbols: dictionary,
    ...facts,
    values,
    timeNanos: decoded.timeNanos,
    durationNanos: decoded.durationNanos,
    coverage: { coveredSeconds: seconds, rangeSeconds: seconds, profiles: 1, series: 1 },
    warnings: [],
  }
}
