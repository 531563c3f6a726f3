import { Option } from 'commander'
import { parseDuration } from '../../lib/duration.ts'
import { parseSelector } from '../../profile/selector.ts'
import { aggregations } from '../../query/api/types.ts'
import { granularities } from '../../query/api/view-types.ts'
import { parseTime } from '../../query/time.ts'
import { reading } from '../flags.ts'
import { defaultUrl } from './show-request.ts'

/** Throws a SyntaxError, and gives the text back. */
export function checkSelector(text: string): string {
  parseSelector(text)
  return text
}

export function profileOptions(nowMs: number): Option[] {
  const time = timeReader(nowMs)
  return [
    new Option(
      '--start <time>',
      'unix seconds, RFC 3339 or now-1h (default: an hour before --end)',
    ).argParser(time),
    new Option('--end <time>', 'as start; both belong to it (default: now)').argParser(time),
    new Option('--at <time>', 'in place of both: five minutes to either side').argParser(time),
    new Option('--id <id>', 'in place of a selector: one stored profile'),
    new Option('--file <file>', 'in place of a selector: a pprof file, of which nothing is stored'),
    new Option('--sample_index <type>', "by name or place, such as inuse_space (default: the profiles' own)"),
    new Option('--agg <how>', 'how values of several profiles become one (default: by kind)').choices([
      ...aggregations,
    ]),
  ]
}

export function baseOptions(nowMs: number): Option[] {
  const time = timeReader(nowMs)
  return [
    new Option('--base <selector>', 'another selector, of the same time').argParser(reading(checkSelector)),
    new Option('--base-ago <duration>', 'the same so long ago, such as 1h, 1d or 7d').argParser(
      reading(parseDuration),
    ),
    new Option('--base-start <time>', 'another time').argParser(time),
    new Option('--base-end <time>', 'the same').argParser(time),
    new Option('--base-at <time>', 'the same: five minutes to either side').argParser(time),
    new Option('--base-id <id>', 'one stored profile'),
    new Option('--base-file <file>', 'a pprof file'),
    new Option('--normalize', "scale the profile to the base's total"),
  ]
}

/** Under pprof's names, with pprof's meaning. */
export function filterOptions(): Option[] {
  return [
    new Option('--focus <regex>', 'only stacks with a frame that matches'),
    new Option('--ignore <regex>', 'no stack with a frame that matches'),
    new Option('--hide <regex>', 'without the frames that match'),
    new Option('--show <regex>', 'only the frames that match'),
    new Option('--show_from <regex>', 'stacks from the outermost frame that matches'),
    new Option('--prune_from <regex>', 'without what is below the frame that matches'),
    new Option('--tagfocus <filter>', 'only samples whose labels match: key=regex, or a range such as 1kb:'),
    new Option('--tagignore <filter>', 'no samples whose labels match'),
    new Option('--tagshow <regex>', 'only labels of samples whose key matches'),
    new Option('--taghide <regex>', 'without those whose key matches'),
    new Option('--granularity <what>', 'what a row stands for (default: functions)').choices([
      ...granularities,
    ]),
    new Option('--noinlines', 'count what was inlined as its caller'),
  ]
}

export function sourceOptions(): Option[] {
  return [
    new Option('--url <url>', `conprof query or conprof all (default: ${defaultUrl})`).argParser(
      reading(readUrl),
    ),
    new Option('--web.token-file <file>', 'token that it wants'),
    new Option('--storage.path <folder>', 'in place of it: of conprof; its bucket/ is read'),
    new Option('--objstore.config-file <file>', 'in place of it: a bucket; repeatable')
      .default([] as readonly string[], 'none')
      .argParser((text: string, before: readonly string[]) => [...before, text]),
  ]
}

export function outputOption(): Option {
  return new Option('-o, --output <file>', 'where it is written (default: stdout)')
}

export function jsonOption(): Option {
  return new Option('--json', 'as the API answers it, docs/api.md says how')
}

export function nodeCountOption(unset: string): Option {
  return new Option('--nodecount <count>', `how many nodes; 0 for all (default: ${unset})`).argParser(
    reading(readCount),
  )
}

export function fractionOption(name: 'node' | 'edge', unset: string): Option {
  return new Option(
    `--${name}fraction <share>`,
    `without ${name}s below this share of the total (default: ${unset})`,
  ).argParser(reading(readFraction))
}

export function sortOption(): Option {
  return new Option('--sort <by>', 'flat, or cum (default: flat)').choices(['flat', 'cum'])
}

export function textOptions(): Option[] {
  const repeatable = (text: string, before: readonly string[]) => [...before, text]
  return [
    new Option('--source-path <folder>', 'a checkout to print the text of lines from; repeatable')
      .default([] as readonly string[], 'none')
      .argParser(repeatable),
    new Option('--trim-path <prefix>', 'taken off paths before they are looked for; repeatable')
      .default([] as readonly string[], 'none')
      .argParser(repeatable),
  ]
}

function timeReader(nowMs: number): (text: string) => number {
  return reading((text) => parseTime(text, nowMs))
}

function readUrl(text: string): string {
  const { protocol } = URL.parse(text) ?? {}
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new SyntaxError(`url ${JSON.stringify(text)}: want http://… or https://…`)
  return text
}

function readCount(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new SyntaxError(`count ${JSON.stringify(text)}: want a whole number from 0`)
  return Number(text)
}

function readFraction(text: string): number {
  const share = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (!(share >= 0 && share <= 1))
    throw new SyntaxError(`share ${JSON.stringify(text)}: want a number from 0 to 1`)
  return share
}
