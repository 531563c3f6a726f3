import type { Command } from 'commander'
import { readConfigFile } from '../collector/config/config-file.ts'

/** `conprof check …`: is it right, before anything depends on it? */
export function addCheckCommands(program: Command): void {
  const check = program.command('check').usage('<what> …').description('Check configs and targets.')
  check.summary('is a config right, what would a scrape see').helpCommand(false)
  check
    .command('config')
    .argument('<files...>', 'conprof.yaml, one or more')
    .description('Print every problem of a config with its line and column; nothing is started.')
    .action(async (paths: string[]) => {
      for (const path of paths) await checkConfig(path)
    })
}

async function checkConfig(path: string): Promise<void> {
  try {
    const { config } = await readConfigFile(path)
    const jobs = config.scrapeConfigs.map(({ jobName }) => jobName)
    process.stdout.write(
      `${path}: ok, ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}: ${jobs.join(', ')}\n`,
    )
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}
