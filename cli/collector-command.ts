import { hostname } from 'node:os'
import type { Command } from 'commander'
import { adminOption } from './admin-flag.ts'
import { type CollectorFlags, readCollectorFlags } from './collector-flags.ts'
import { followFlagTexts } from './flag-texts.ts'
import { addFlags, logOptions, queryTimeout, storageOptions, tokenFile, webOptions } from './flags.ts'
import { programContext } from './program-context.ts'
import { formerRetentionOptions } from './retention-flags.ts'
import { ordinalOf, sourceOptions } from './source-flags.ts'

/** `conprof collector`: scrape configs to blocks. */
export function addCollectorCommand(program: Command): void {
  const command = program
    .command('collector')
    .usage('--config.kubernetes=<namespace/release> [flags]')
    .summary('scrape, store, and bring it to the bucket')
    .description(
      'Scrape what --config.kubernetes or --config.file says, and bring it to the bucket; conprof query answers.',
    )
  addFlags(command, 'What to scrape:', sourceOptions)
  addFlags(command, 'Where it goes:', [...storageOptions, ...formerRetentionOptions])
  addFlags(command, 'How it is reached:', [...webOptions(':8080'), tokenFile, adminOption, queryTimeout])
  addFlags(command, 'What it says:', logOptions)
  const flagTexts = followFlagTexts(command)
  command.action(async (values: Record<string, unknown>) => {
    const flags = withOrdinal(readCollectorFlags(values))
    const context = programContext(flags)
    const former = formerRetentionOptions.filter((option) => values[option.attributeName()] !== undefined)
    if (former.length > 0) {
      const names = former.map(({ long }) => long).join(' and ')
      context.logger.warn(`a collector deletes nothing: ${names} belong to conprof compact now`)
    }
    const { runCollector } = await import('../programs/collector.ts')
    await runCollector({
      ...context,
      flags,
      flagTexts: flagTexts(),
      onStarted: ({ url, scraping, data, reload }) => {
        context.logger.info({ url, scraping, data }, 'collector started')
        // What is wrong with the new file is in the log by then.
        process.on('SIGHUP', () => reload().catch(() => {}))
      },
    })
  })
}

function withOrdinal(flags: CollectorFlags): CollectorFlags {
  if (flags.configFile === undefined && flags.configKubernetes === undefined) {
    throw new Error('start collector: want --config.kubernetes=NAMESPACE/RELEASE or --config.file=FILE')
  }
  if (flags.configKubernetes === undefined || flags.collectorOrdinal !== undefined) return flags
  const ordinal = ordinalOf(hostname())
  if (ordinal === undefined) {
    const name = JSON.stringify(hostname())
    throw new Error(`start collector: host name ${name} ends with no number: want --collector.ordinal`)
  }
  return { ...flags, collectorOrdinal: ordinal }
}
