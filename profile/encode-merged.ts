import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { PprofEncoder } from './encode-pprof.ts'
import type { MergedProfile } from './merged-profile.ts'
import type { SampleType } from './symbols.ts'
import { MergeDictionary, SymbolTranslator } from './translate-symbols.ts'

/** A merge as uncompressed pprof, laid out as google/pprof does. Samples that are zero throughout are left out. */
export function encodeMergedProfile(merged: MergedProfile): Uint8Array {
  const target = new MergeDictionary()
  const { dictionary } = target
  const translator = new SymbolTranslator(merged.symbols, target)
  const types = merged.sampleTypes.length
  const place = new Map<number, number>()
  const keys: number[] = []
  const sources: number[][] = []
  for (let key = 0; key < merged.symbols.keyCount; key++) {
    if (merged.values.every((column) => key >= column.length || column.isZero(key))) continue
    const translated = translator.key(key)
    let at = place.get(translated)
    if (at === undefined) {
      at = keys.push(translated) - 1
      place.set(translated, at)
      sources.push([])
    }
    sources[at]!.push(key)
  }
  const count = keys.length
  const exact = new BigInt64Array(count * types)
  let isSafe = true
  for (let type = 0; type < types; type++)
    for (let i = 0; i < count; i++) {
      let sum = 0n
      for (const key of sources[i]!) sum += merged.values[type]!.getBig(key)
      exact[type * count + i] = sum
      if (sum > BigInt(Number.MAX_SAFE_INTEGER) || sum < BigInt(Number.MIN_SAFE_INTEGER)) isSafe = false
    }
  const header = new ByteWriter(256)
  const valueType = (field: number, { type, unit }: SampleType) => {
    const pairs = [
      [1, dictionary.internText(type)],
      [2, dictionary.internText(unit)],
    ].filter(([, string]) => string !== 0)
    header.varint(field)
    header.varint(pairs.length)
    for (const [number, string] of pairs) {
      header.varint(number!)
      header.varint(string!)
    }
  }
  for (const sampleType of merged.sampleTypes) valueType(1, sampleType)
  header.varint(2)
  header.varint(0)
  if (dictionary.mappingCount > 1) {
    header.varint(3)
    header.varint(dictionary.mappingCount - 1)
    for (let mapping = 1; mapping < dictionary.mappingCount; mapping++) header.varint(mapping)
  }
  for (const field of [4, 0, 5, 0, 6, 0]) header.varint(field)
  if (merged.dropFrames !== '') {
    header.varint(7)
    header.varint(dictionary.internText(merged.dropFrames))
  }
  if (merged.keepFrames !== '') {
    header.varint(8)
    header.varint(dictionary.internText(merged.keepFrames))
  }
  if (merged.timeNanos !== 0n) header.varint(9)
  if (merged.durationNanos !== 0n) header.varint(10)
  if (merged.periodType.type !== '') valueType(11, merged.periodType)
  if (merged.period !== 0n) {
    header.varint(12)
    header.varint64(merged.period)
  }
  const named = merged.sampleTypes[merged.defaultSampleType]
  if (named !== undefined) {
    header.varint(14)
    header.varint(dictionary.internText(named.type))
  }
  return new PprofEncoder()
    .encode(
      {
        header: dictionary.internHeader(header.bytes()),
        sampleTypeCount: types,
        keys: Uint32Array.from(keys),
        values: isSafe ? Float64Array.from(exact, Number) : new Float64Array(0),
        wideValues: isSafe ? undefined : exact,
        timeNanos: merged.timeNanos,
        durationNanos: merged.durationNanos,
        locations: undefined,
        functions: undefined,
        strings: undefined,
      },
      dictionary,
    )
    .slice()
}
