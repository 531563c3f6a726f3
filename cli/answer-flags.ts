import { Option } from 'commander'
import { parseByteSize } from '../lib/byte-size.ts'
import { given, reading } from './flags.ts'

/** What an answer may take, of `conprof query` and `conprof all`. */
export interface AnswerFlags {
  /** Undefined leaves it to the number of cores. */
  readonly queryWorkers?: number
  readonly queryMaxConcurrent: number
  /** 0 is no limit, here and below. */
  readonly queryMaxProfiles: number
  readonly queryMaxBytes: number
}

export const answerOptions: readonly Option[] = [
  new Option(
    '--query.workers <count>',
    'threads for merges, 0 for none (default: cores - 1, from 1 to 4)',
  ).argParser(reading((text) => parseCount(text, { min: 0, max: 64 }))),
  new Option('--query.max-concurrent <count>', 'queries answered at a time; others wait')
    .default(10)
    .argParser(reading((text) => parseCount(text, { min: 1, max: 10_000 }))),
  new Option('--query.max-profiles <count>', 'profiles one answer looks at, the newest; 0 for all')
    .default(2_000_000)
    .argParser(reading((text) => parseCount(text, { min: 0, max: Number.MAX_SAFE_INTEGER }))),
  new Option('--query.max-bytes <size>', 'bytes of blocks one answer reads; 0 for all')
    .default(parseByteSize('1GB'), '1GB')
    .argParser(reading(parseByteSize)),
]

export function readAnswerFlags(values: Readonly<Record<string, unknown>>): AnswerFlags {
  const flags = {
    queryWorkers: values['query.workers'],
    queryMaxConcurrent: values['query.maxConcurrent'],
    queryMaxProfiles: values['query.maxProfiles'],
    queryMaxBytes: values['query.maxBytes'],
  } satisfies Record<keyof AnswerFlags, unknown>
  return given(flags) as unknown as AnswerFlags
}

function parseCount(text: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(count >= min && count <= max)) {
    const top = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`
    throw new SyntaxError(`count ${JSON.stringify(text)}: want a whole number from ${min}${top}`)
  }
  return count
}
