import { Option } from 'commander'
import type { StoredSelection } from '../compact/stored-selection.ts'
import { parseSelector } from '../profile/selector.ts'
import { parseTime } from '../query/time.ts'
import { reading } from './flags.ts'

/** As commander gives them. */
export interface SelectionValues {
  readonly match?: string
  readonly start?: number
  readonly end?: number
}

export function selectionOptions(): Option[] {
  const time = reading((text) => parseTime(text, Date.now()))
  return [
    new Option('--match <selector>', `such as '{namespace="dev"}'`).argParser(
      reading((text) => {
        parseSelector(text)
        return text
      }),
    ),
    new Option('--start <time>', 'unix seconds, RFC 3339, now-1h').argParser(time),
    new Option('--end <time>', 'the same; both belong to it').argParser(time),
  ]
}

/** Throws where one is missing, or they contradict each other. */
export function readSelection({ match, start, end }: SelectionValues, what: string): StoredSelection {
  if (match === undefined || start === undefined || end === undefined) {
    throw new Error(`${what}: want --match, --start and --end`)
  }
  if (start > end) throw new Error(`${what}: --start is after --end`)
  if (start < 0) throw new Error(`${what}: --start is before 1970`)
  return { match, startMs: start, endMs: end, createdMs: Date.now() }
}
