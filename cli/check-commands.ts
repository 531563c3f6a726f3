import type { Command } from 'commander'
import { shutdownSignal } from '../lib/lifecycle/shutdown-signal.ts'
import { addCheckCapacityCommand } from './check-capacity-command.ts'
import { addCheckPodCommand } from './check-pod-command.ts'

/** `conprof check …`: is it right, before anything depends on it? */
export function addCheckCommands(program: Command): void {
  const check = program.command('check').usage('<what> …').helpCommand(false)
  check.summary(
    'is a config right, what would a scrape see, how much will it take: config, target, pod, capacity',
  )
  check.description('Check configs, targets and pods; nothing is started, nothing is stored.')
  check
    .command('config')
    .argument('<files...>', 'conprof.yaml, one or more')
    .description('Print what a config would scrape, or every problem with its line and column.')
    .action(async (paths: string[]) => {
      const { checkConfig } = await import('../collector/check-config.ts')
      for (const path of paths) {
        const { text, exitCode } = await checkConfig(path)
        const stream = exitCode === 0 ? process.stdout : process.stderr
        stream.write(text)
        if (exitCode !== 0) process.exitCode = exitCode
      }
    })
  check
    .command('target')
    .argument('<url>', 'host:port, or with a scheme and the path before /debug/pprof')
    .description('Scrape a process once, type by type, and print how it went and what would help.')
    .action(async (url: string) => {
      const { checkTarget } = await import('../collector/check-target.ts')
      const { readProfileTypes } = await import('../collector/config/profile-types.ts')
      const { text, exitCode } = await checkTarget(url, {
        profileTypes: readProfileTypes({}, { prefix: '', problem: () => {} }),
        http: { tls: { insecureSkipVerify: false }, followRedirects: true },
        timeoutMs: 10_000,
        signal: shutdownSignal(),
        onLine: (line) => process.stdout.write(`${line}\n`),
      })
      // What was scraped is there line by line already; what could not begin is only in the answer.
      if (exitCode === 2) process.stderr.write(text)
      process.exitCode = exitCode
    })
  addCheckPodCommand(check)
  addCheckCapacityCommand(check)
}
