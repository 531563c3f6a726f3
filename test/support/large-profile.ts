import { gzipSync } from 'node:zlib'
import {
  Line,
  Location,
  Function as PprofFunction,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format'

/**
 * A CPU profile whose tree of stacks has about `nodes` nodes, up to 64 deep, of 4,000 functions: what a merge of a
 * large program's profiles looks like. The same numbers make the same bytes.
 */
export function largeProfile(options: {
  readonly nodes: number
  readonly timeMs: number
  /** Another makes another tree, a third of which is the same. */
  readonly seed?: number
}): Buffer {
  const { nodes, timeMs, seed = 1 } = options
  const strings = new StringTable()
  const count = 4000
  const functions: PprofFunction[] = []
  const locations: Location[] = []
  for (let index = 0; index < count; index++) {
    const name = strings.dedup(`example.org/app/pkg${index % 97}.(*Type${index % 13}).method${index}`)
    const filename = strings.dedup(`/src/app/pkg${index % 97}/file${index % 7}.go`)
    functions.push(
      new PprofFunction({ id: index + 1, name, systemName: name, filename, startLine: 1 + index }),
    )
    const line = [new Line({ functionId: index + 1, line: 5 + index })]
    locations.push(new Location({ id: index + 1, address: 0x1000 + 16 * index, line }))
  }
  const random = randomNumbers(seed)
  const samples: Sample[] = []
  let stack: number[] = []
  let made = 0
  while (made < nodes) {
    // Back to some depth, and from there on into new calls: each is a node that was not there before.
    const keep = Math.floor(random() ** 0.5 * stack.length)
    const grow = 1 + Math.floor(random() * 6)
    stack = stack.slice(0, keep)
    for (let call = 0; call < grow && stack.length < 64; call++) {
      const near = stack.at(-1) ?? 0
      stack.push(1 + ((near * 31 + Math.floor(random() ** 2 * 400)) % count))
      made++
    }
    const value = Math.ceil(1e7 * random() ** 6 * 50)
    samples.push(new Sample({ locationId: [...stack].reverse(), value: [Math.ceil(value / 1e7), value] }))
  }
  const profile = new Profile({
    sampleType: [
      new ValueType({ type: strings.dedup('samples'), unit: strings.dedup('count') }),
      new ValueType({ type: strings.dedup('cpu'), unit: strings.dedup('nanoseconds') }),
    ],
    periodType: new ValueType({ type: strings.dedup('cpu'), unit: strings.dedup('nanoseconds') }),
    period: 1e7,
    sample: samples,
    location: locations,
    function: functions,
    stringTable: strings,
    timeNanos: BigInt(timeMs) * 1_000_000n,
    durationNanos: 10_000_000_000n,
  })
  return gzipSync(profile.encode())
}

/** Between 0 and 1, the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}
