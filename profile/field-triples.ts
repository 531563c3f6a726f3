import type { Mapping, SampleLabel } from './symbols.ts'

/** A mapping as the dictionary holds it: `field, low, high` of each field, in their order in the message. */
export function mappingOf(fields: readonly number[]): Mapping {
  const value = (field: number) => {
    for (let i = 0; i < fields.length; i += 3)
      if (fields[i] === field) return uint64(fields[i + 1]!, fields[i + 2]!)
    return 0n
  }
  return {
    start: value(2),
    limit: value(3),
    offset: value(4),
    file: Number(value(5)),
    buildId: Number(value(6)),
    hasFunctions: value(7) !== 0n,
    hasFileNames: value(8) !== 0n,
    hasLineNumbers: value(9) !== 0n,
    hasInlineFrames: value(10) !== 0n,
  }
}

/** The id that the mapping has in its file. */
export function mappingId(fields: readonly number[]): number {
  for (let i = 0; i < fields.length; i += 3)
    if (fields[i] === 1) return fields[i + 2]! * 2 ** 32 + fields[i + 1]!
  return 0
}

/** A label set as the dictionary holds it: per label its field count, then such triples. */
export function labelsOf(fields: readonly number[]): readonly SampleLabel[] {
  const labels: SampleLabel[] = []
  for (let i = 0; i < fields.length; ) {
    const count = fields[i++]!
    let label = { name: 0, text: 0, number: 0n, unit: 0 }
    for (let j = 0; j < count; j++, i += 3) {
      const value = fields[i + 1]!
      if (fields[i] === 1) label = { ...label, name: value }
      else if (fields[i] === 2) label = { ...label, text: value }
      else if (fields[i] === 3) label = { ...label, number: BigInt.asIntN(64, uint64(value, fields[i + 2]!)) }
      else label = { ...label, unit: value }
    }
    labels.push(label)
  }
  return labels
}

function uint64(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}
