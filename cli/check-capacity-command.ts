import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../lib/duration.ts'
import { reading } from './flags.ts'

const wholeNumber = (text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError(`${JSON.stringify(text)}: want a whole number from 1`)
  return number
}

/** `conprof check capacity`: how much will it take? */
export function addCheckCapacityCommand(check: Command): void {
  check
    .command('capacity')
    .description('Print what profiling so many pods takes: storage, requests, traffic, and each component.')
    .requiredOption('--pods <n>', 'processes to be profiled', wholeNumber)
    .option('--services <n>', 'programs among them; a third of the pods unless given', wholeNumber)
    .addOption(
      new Option('--interval <duration>', 'how often each is scraped')
        .default(parseDuration('60s'), '60s')
        .argParser(reading(parseDuration)),
    )
    .addOption(
      new Option('--profiles <types>', 'what is scraped')
        .default(['heap', 'goroutine', 'cpu'], 'heap,goroutine,cpu')
        .argParser((text: string) => text.split(',').filter((type) => type !== '')),
    )
    .addOption(
      new Option('--retention <duration>', 'how long it is kept; 0 keeps all')
        .default(parseDuration('90d'), '90d')
        .argParser(reading(parseDuration)),
    )
    .option('--zones <n>', 'of the cluster', wholeNumber, 3)
    .addOption(
      new Option('--outage <duration>', 'how long the bucket may be away')
        .default(parseDuration('1d'), '1d')
        .argParser(reading(parseDuration)),
    )
    .option('--json', 'all numbers, with their names')
    .option('--values', 'values for the chart')
    .action(
      async (values: {
        readonly pods: number
        readonly services?: number
        readonly interval: number
        readonly profiles: readonly string[]
        readonly retention: number
        readonly zones: number
        readonly outage: number
        readonly json?: boolean
        readonly values?: boolean
      }) => {
        const { planCapacity } = await import('./capacity.ts')
        const { formatCapacity, formatCapacityValues } = await import('./format-capacity.ts')
        if (values.interval < 1000) throw new Error('--interval: want at least 1s')
        if (values.profiles.length === 0) throw new Error('--profiles: want at least one, such as heap')
        const capacity = planCapacity({
          pods: values.pods,
          services: Math.min(values.services ?? Math.ceil(values.pods / 3), values.pods),
          intervalMs: values.interval,
          profiles: values.profiles,
          retentionMs: values.retention,
          zones: values.zones,
          outageMs: values.outage,
        })
        if (values.json === true) process.stdout.write(`${JSON.stringify(capacity, null, 2)}\n`)
        else
          process.stdout.write(
            values.values === true ? formatCapacityValues(capacity) : formatCapacity(capacity),
          )
      },
    )
}
