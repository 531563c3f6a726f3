import {
  Line,
  Location,
  Function as PprofFunction,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format'

export interface DrawnProfile {
  /** As `inuse_space/bytes`. */
  readonly types: readonly string[]
  /** `root;…;leaf` to one value per type. */
  readonly stacks: Readonly<Record<string, readonly (number | bigint)[]>>
  readonly timeNanos?: number | bigint
  readonly durationNanos?: number | bigint
}

/** Uncompressed pprof from stacks written as text, encoded by pprof-format rather than by us. */
export function drawProfile(drawn: DrawnProfile): Uint8Array {
  const stringTable = new StringTable()
  const functions = new Map<string, number>()
  const locations: Location[] = []
  const allFunctions: PprofFunction[] = []
  const locationOf = (name: string): number => {
    let id = functions.get(name)
    if (id === undefined) {
      id = functions.size + 1
      functions.set(name, id)
      const nameId = stringTable.dedup(name)
      allFunctions.push(
        new PprofFunction({
          id,
          name: nameId,
          systemName: nameId,
          filename: stringTable.dedup(`${name}.go`),
        }),
      )
      locations.push(
        new Location({
          id,
          address: addressOf(name),
          line: [new Line({ functionId: id, line: 1 + (addressOf(name) % 500) })],
        }),
      )
    }
    return id
  }
  const sampleType = drawn.types.map((text) => {
    const [type, unit] = text.split('/') as [string, string]
    return new ValueType({ type: stringTable.dedup(type), unit: stringTable.dedup(unit) })
  })
  const sample = Object.entries(drawn.stacks).map(
    ([stack, value]) =>
      new Sample({
        locationId: stack.split(';').map(locationOf).reverse(),
        value: [...value],
      }),
  )
  return new Profile({
    sampleType,
    sample,
    location: locations,
    function: allFunctions,
    stringTable,
    timeNanos: drawn.timeNanos ?? 0,
    durationNanos: drawn.durationNanos ?? 0,
  }).encode()
}

/** The same function lies at the same address in every profile. */
function addressOf(name: string): number {
  let hash = 0x400000
  for (const letter of name) hash = (hash * 33 + letter.charCodeAt(0)) % 2 ** 40
  return hash
}
