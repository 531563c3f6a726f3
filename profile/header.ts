import { ByteReader } from '../lib/bytes/byte-reader.ts'
import type { SampleType, Symbols } from './symbols.ts'

/**
 * A header is everything of a profile but its samples, locations, functions and strings, as a list of tokens in
 * the order of the file. A token below 16 is a field of the Profile message:
 *
 *     1, 11            count of fields, then `field, string` of each (a ValueType)
 *     2, 4, 5, 6       how many entries of the list stand here; 0 means all
 *     3                count, then the mappings
 *     9, 10            nothing: time and duration are the profile's own
 *     12               the period, 64 bits
 *     7, 8, 13, 14, 15 a string
 *
 * and `body` stands for samples, locations and functions interleaved as Go's runtime writes them: before a
 * sample the locations it is first to use, after a location the functions it is first to use.
 */
export const headerToken = { body: 16 } as const

/** What views need of a header. */
export interface HeaderFacts {
  readonly sampleTypes: readonly SampleType[]
  readonly defaultSampleType: number
  readonly periodType: SampleType
  readonly period: bigint
  /** Names of functions to leave out of reports, and of those to keep of them: expressions, "" where there are none. */
  readonly dropFrames: string
  readonly keepFrames: string
}

export function headerFacts(header: Uint8Array, symbols: Symbols): HeaderFacts {
  const reader = new ByteReader(header, 'profile header')
  const sampleTypes: SampleType[] = []
  let periodType: SampleType = { type: '', unit: '' }
  let period = 0n
  let defaultName = ''
  let dropFrames = ''
  let keepFrames = ''
  while (reader.remaining > 0) {
    const token = reader.varint()
    switch (token) {
      case 1:
        sampleTypes.push(readValueType(reader, symbols))
        break
      case 11:
        periodType = readValueType(reader, symbols)
        break
      case 2:
      case 4:
      case 5:
      case 6:
        reader.varint()
        break
      case 3:
        for (let count = reader.count(); count > 0; count--) reader.varint()
        break
      case 9:
      case 10:
      case headerToken.body:
        break
      case 12:
        period = BigInt.asIntN(64, reader.varint64())
        break
      case 7:
        dropFrames = symbols.string(boundedString(reader, symbols))
        break
      case 8:
        keepFrames = symbols.string(boundedString(reader, symbols))
        break
      case 13:
      case 15:
        reader.varint()
        break
      case 14:
        defaultName = symbols.string(boundedString(reader, symbols))
        break
      default:
        reader.fail(`token ${token}`)
    }
  }
  const named = sampleTypes.findIndex((sampleType) => sampleType.type === defaultName)
  return {
    sampleTypes,
    defaultSampleType: named >= 0 ? named : Math.max(sampleTypes.length - 1, 0),
    periodType,
    period,
    dropFrames,
    keepFrames,
  }
}

function readValueType(reader: ByteReader, symbols: Symbols): SampleType {
  let type = ''
  let unit = ''
  for (let count = reader.count(2); count > 0; count--) {
    const field = reader.varint()
    const text = symbols.string(boundedString(reader, symbols))
    if (field === 1) type = text
    else unit = text
  }
  return { type, unit }
}

function boundedString(reader: ByteReader, symbols: Symbols): number {
  const index = reader.varint()
  if (index >= symbols.stringCount) reader.fail(`string ${index}, there are ${symbols.stringCount}`)
  return index
}

/** Whether samples stand between the locations and functions that they are first to use. */
export function hasBodyToken(header: Uint8Array): boolean {
  const reader = new ByteReader(header, 'profile header')
  while (reader.remaining > 0) {
    const token = reader.varint()
    if (token === headerToken.body) return true
    if (token === 1 || token === 11) for (let n = reader.varint() * 2; n > 0; n--) reader.varint()
    else if (token === 3) for (let n = reader.varint(); n > 0; n--) reader.varint()
    else if (token === 12) reader.varint64()
    else if (token !== 9 && token !== 10) reader.varint()
  }
  return false
}
