import {
  Label,
  Line,
  Location,
  Function as PprofFunction,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format'

export interface LabelledSample {
  /** Outermost first. */
  readonly stack: readonly string[]
  readonly value: number
  readonly texts?: Readonly<Record<string, string | readonly string[]>>
  /** A number, or a number and its unit. */
  readonly numbers?: Readonly<Record<string, number | readonly [number, string]>>
}

/** Uncompressed pprof, of one sample type `samples` in `count`. */
export function labelledProfile(samples: readonly LabelledSample[]): Uint8Array {
  const strings = new StringTable()
  const functions = new Map<string, PprofFunction>()
  const locationOf = (name: string): number => {
    const known = functions.get(name)
    if (known !== undefined) return Number(known.id)
    const id = functions.size + 1
    const file = strings.dedup(`${name}.go`)
    functions.set(name, new PprofFunction({ id, name: strings.dedup(name), filename: file }))
    return id
  }
  const sample = samples.map(
    ({ stack, value, texts = {}, numbers = {} }) =>
      new Sample({
        locationId: stack.toReversed().map(locationOf),
        value: [value],
        label: [
          ...Object.entries(texts).flatMap(([key, given]) =>
            [given].flat().map((text) => new Label({ key: strings.dedup(key), str: strings.dedup(text) })),
          ),
          ...Object.entries(numbers).map(([key, given]) => {
            const [num, unit] = typeof given === 'number' ? [given, ''] : given
            return new Label({ key: strings.dedup(key), num, numUnit: strings.dedup(unit) })
          }),
        ],
      }),
  )
  return new Profile({
    sampleType: [new ValueType({ type: strings.dedup('samples'), unit: strings.dedup('count') })],
    sample,
    location: [...functions.values()].map(
      ({ id }) => new Location({ id, line: [new Line({ functionId: id, line: 1 })] }),
    ),
    function: [...functions.values()],
    stringTable: strings,
  }).encode()
}
