import { type Command, Option } from 'commander'
import { parseDuration } from '../lib/duration.ts'
import type { Matcher } from '../profile/matcher.ts'
import { parseSelector } from '../profile/selector.ts'
import { aggregations } from '../query/api/types.ts'
import { type CollectorsFlag, parseCollectorsFlag } from '../query/collectors/collectors-flag.ts'
import { parseTime } from '../query/time.ts'
import type { ExportValues } from './export-files.ts'
import { addFlags, reading } from './flags.ts'

/** `conprof export`: what is stored, as files for other programs. */
export function addExportCommand(program: Command): void {
  const command = program
    .command('export')
    .usage('--output <folder> --format <format> [flags]')
    .summary('write what is stored as pprof, collapsed stacks or Parquet')
    .description(
      'Write what is stored as files: pprof, collapsed stacks, or Parquet for DuckDB and its like.',
    )
  const nowMs = Date.now()
  addFlags(command, 'What:', [
    new Option('--match <selector>', 'of which series, such as {namespace="shop"}')
      .default([] as readonly Matcher[], 'all')
      .argParser(reading(parseSelector)),
    new Option('--start <time>', 'unix seconds, RFC 3339 or now-1h')
      .default(nowMs - 60 * 60 * 1000, 'now-1h')
      .argParser(reading((text) => parseTime(text, nowMs))),
    new Option('--end <time>', 'as start; both belong to it')
      .default(nowMs, 'now')
      .argParser(reading((text) => parseTime(text, nowMs))),
  ])
  addFlags(command, 'As what, and where:', [
    new Option(
      '--format <format>',
      'pprof: files as scraped; collapsed: merged stacks as text; parquet: tables',
    )
      .choices(['pprof', 'collapsed', 'parquet'])
      .makeOptionMandatory(),
    new Option('--output <folder>', 'made where it is not there').makeOptionMandatory(),
    new Option('--merge', 'pprof: one file of what --by keeps apart, not one per profile').default(false),
    new Option('--by <labels>', 'labels whose values are not merged, with commas between')
      .default(['namespace', 'service_name'], 'namespace,service_name')
      .argParser((text: string) => text.split(',').filter((name) => name !== '')),
    new Option(
      '--agg <how>',
      'how values of several profiles become one; else pprof sums, the rest by kind',
    ).choices([...aggregations]),
    new Option(
      '--aggregate <step>',
      'parquet: one row per step, such as 1h, in place of one per profile',
    ).argParser(reading(readStep)),
    new Option('--overwrite', 'parquet: replace the days that are there').default(false),
  ])
  addFlags(command, 'From where:', [
    new Option('--storage.path <folder>', 'of conprof; its bucket/ is read').default('./data'),
    new Option('--objstore.config-file <file>', 'the bucket, where it is not that folder; repeatable')
      .default([] as readonly string[], 'none')
      .argParser((text: string, before: readonly string[]) => [...before, text]),
    new Option('--collectors <where>', 'whose heads to read too, as conprof query does; repeatable')
      .default([] as readonly CollectorsFlag[], 'none')
      .argParser((text: string, before: readonly CollectorsFlag[]) => [
        ...before,
        reading(parseCollectorsFlag)(text),
      ]),
    new Option('--web.token-file <file>', 'token that collectors want'),
  ])
  command.addHelpText(
    'after',
    `
What cannot be read is a line each, and the exit code is 1; the rest is written.

Examples:
  conprof export --format pprof --match '{service_name="shop/cart", profile_type="heap"}' --output heaps
      every heap profile of the last hour, as it was scraped
  conprof export --format pprof --merge --start now-1d --output day
      one file per service and profile type, for go tool pprof
  conprof export --format collapsed --match '{profile_type="cpu"}' --output stacks
      for flame graph scripts
  conprof export --format parquet --aggregate 1h --start 2026-11-27T00:00:00Z --end 2026-11-27T23:59:59.999Z --output lake
      a day of everything; docs/analytics.md says what to ask of it
`,
  )
  command.action(async (values: ExportValues) => {
    const { exportFiles } = await import('./export-files.ts')
    await exportFiles(values)
  })
}

/** Days are written apart, so that a step lies within one. */
function readStep(text: string): number {
  const stepMs = parseDuration(text)
  if (stepMs < 1000 || dayMs % stepMs !== 0) {
    throw new SyntaxError(`step ${JSON.stringify(text)}: want a part of a day from 1s, such as 5m, 1h or 1d`)
  }
  return stepMs
}

const dayMs = 24 * 60 * 60 * 1000
