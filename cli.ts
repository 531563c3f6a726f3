import { Command } from 'commander'
import { adminOption } from './cli/admin-flag.ts'
import { answerOptions, readAnswerFlags } from './cli/answer-flags.ts'
import { sayStarted } from './cli/banner.ts'
import { addBlockCommands } from './cli/block-commands.ts'
import { readBuildInfo } from './cli/build-info.ts'
import { cacheOptions, readCacheFlags } from './cli/cache-flags.ts'
import { addCaptureCommand } from './cli/capture-command.ts'
import { addCheckCommands } from './cli/check-commands.ts'
import { addCollectorCommand } from './cli/collector-command.ts'
import { readCollectorFlags } from './cli/collector-flags.ts'
import { addCompactCommand } from './cli/compact-command.ts'
import { compactOptions, readCompactFlags } from './cli/compact-flags.ts'
import { addDeleteCommand } from './cli/delete-command.ts'
import { addExportCommand } from './cli/export-command.ts'
import { fail } from './cli/fail.ts'
import { followFlagTexts } from './cli/flag-texts.ts'
import { addFlags, logOptions, queryTimeout, storageOptions, tokenFile, webOptions } from './cli/flags.ts'
import { addForwardCommand } from './cli/forward-command.ts'
import { addImportCommand } from './cli/import-command.ts'
import { addOperatorCommand } from './cli/operator-command.ts'
import { addPinCommands } from './cli/pin-commands.ts'
import { programContext } from './cli/program-context.ts'
import { addQueryCommand } from './cli/query-command.ts'
import { readRetentionFlags, retentionOptions } from './cli/retention-flags.ts'
import { addShowCommand } from './cli/show-command.ts'
import { sourceOptions } from './cli/source-flags.ts'

// Whoever reads us, such as `head`, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

// Each program is loaded once it is asked for: what the others are made of takes memory.
const build = readBuildInfo()

const program = new Command('conprof')
  .usage('<command> [flags]')
  .description('Continuous profiling: the pprof profiles of every process, all the time, in your own bucket.')
  .version(build.version, '--version', 'show the version')
  .helpOption('-h, --help', 'show this; also of each command')
  .helpCommand(false)
  .showHelpAfterError('(--help shows what there is)')
  .addHelpText(
    'after',
    `
Examples:
  conprof all
      profile conprof itself, keep it in ./data, show it on http://localhost:8080
  conprof all --config.file=conprof.yaml --objstore.config-file=bucket.yaml
      profile your processes, keep the profiles in S3
  conprof check target http://localhost:6060
      what would a scrape of this process see?
`,
  )

program.commandsGroup('Programs:')
const all = program
  .command('all')
  .usage('[flags]')
  .summary('scrape, store, answer and show, in one process')
  .description('Scrape, store, answer and show, in one process. Without a config, conprof scrapes itself.')
addFlags(all, 'What to scrape:', sourceOptions)
addFlags(all, 'Where it goes:', storageOptions)
addFlags(all, 'What it keeps of what it read:', cacheOptions)
addFlags(all, 'How it is merged:', compactOptions)
addFlags(all, 'What stays:', retentionOptions)
addFlags(all, 'How it is reached:', [...webOptions('127.0.0.1:8080'), tokenFile, adminOption])
addFlags(all, 'What an answer may take:', [queryTimeout, ...answerOptions])
addFlags(all, 'What it says:', logOptions)
const flagTexts = followFlagTexts(all)
all.action(async (values: Record<string, unknown>) => {
  const flags = {
    ...readCollectorFlags(values),
    ...readCompactFlags(values),
    ...readRetentionFlags(values),
    ...readAnswerFlags(values),
    ...readCacheFlags(values),
  }
  const context = programContext(flags)
  const { runAll } = await import('./programs/all.ts')
  await runAll({
    ...context,
    flags,
    flagTexts: flagTexts(),
    onStarted: (started) => {
      sayStarted({ version: build.version, ...started }, { ...context, format: flags.logFormat })
      // What is wrong with the new file is in the log by then.
      process.on('SIGHUP', () => started.reload().catch(() => {}))
    },
  })
})

addCollectorCommand(program)
addQueryCommand(program)
addCompactCommand(program)
addOperatorCommand(program)
addForwardCommand(program)

program.commandsGroup('Tools:')
addShowCommand(program)
addCheckCommands(program)
addCaptureCommand(program)
addBlockCommands(program)
addDeleteCommand(program)
addPinCommands(program)
addImportCommand(program)
addExportCommand(program)

try {
  await program.parseAsync()
} catch (error) {
  fail(error, { debug: process.argv.some((text) => text.includes('debug')) })
}
// What still waits, such as a connection of a store's client, has nothing left to say.
process.exit()
