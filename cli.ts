import { Command } from 'commander'
import { runAll } from './all.ts'
import { formatBanner } from './cli/banner.ts'
import { readBuildInfo } from './cli/build-info.ts'
import { fail } from './cli/fail.ts'
import { logOptions, queryTimeout, readAllFlags, storageOptions, webOptions } from './cli/flags.ts'
import { shutdownSignal } from './lib/lifecycle/shutdown-signal.ts'
import { createLogger } from './lib/log.ts'
import { createRegistry } from './lib/metrics.ts'

const build = readBuildInfo()
const program = new Command('conprof')
  .description('Continuous profiling: pprof profiles of every process, all the time, in your own bucket.')
  .version(build.version, '--version')
  .helpOption('-h, --help', 'show this')
  .showHelpAfterError('(--help shows what there is)')
  .configureHelp({ showGlobalOptions: false })

function addOptions(
  command: Command,
  heading: string,
  options: readonly Parameters<Command['addOption']>[0][],
) {
  command.optionsGroup(heading)
  for (const option of options) command.addOption(option)
}

const all = program.command('all').description('scrape, store, answer and show, in one process')
all
  .optionsGroup('What to scrape:')
  .option('--config.file <file>', 'conprof.yaml; without it, conprof scrapes itself')
addOptions(all, 'Storage:', storageOptions)
addOptions(all, 'Web:', [...webOptions('127.0.0.1:8080'), queryTimeout])
addOptions(all, 'Log:', logOptions)
all.action(async (values: Record<string, unknown>) => {
  const flags = readAllFlags(values)
  const logger = createLogger(flags.logLevel, { format: flags.logFormat })
  await runAll({
    flags,
    flagTexts: {},
    build,
    logger,
    registry: createRegistry(build),
    signal: shutdownSignal(),
    onStarted: ({ url, scraping, data }) => {
      const color = process.stderr.isTTY
      process.stderr.write(formatBanner({ version: build.version, uiUrl: url, scraping, data }, { color }))
    },
  })
  process.exit()
})

try {
  await program.parseAsync()
} catch (error) {
  fail(error, { debug: process.argv.includes('--log.level=debug') })
  process.exit()
}
