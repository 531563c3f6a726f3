import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { debianProgram } from './debian-package.ts'

export interface RunningPrometheus {
  /** `host:port`, to be scraped at /debug/pprof. */
  readonly address: string
  stop(): Promise<void>
}

/** Debian's Prometheus, a real Go program, scraping itself so that it has something to do. */
export async function startPrometheus(folder: string): Promise<RunningPrometheus> {
  const program = await debianProgram({ program: 'prometheus', package: 'prometheus' })
  const config = join(folder, 'prometheus.yml')
  const target = 'scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:0"]}]}]'
  await writeFile(config, `global: {scrape_interval: 1s, scrape_timeout: 1s}\n${target}\n`)
  const child = spawn(
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = () => {
    child.kill('SIGKILL')
    return ended
  }
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  for (let i = 0; i < 600; i++) {
    // It listens before it says so, on a port that only its log names.
    const [, address] = /msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)/.exec(stderr) ?? []
    if (address !== undefined) {
      const isUp = await fetch(`http://${address}/-/healthy`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (isUp) return { address, stop }
    }
    if (child.exitCode !== null) break
    await sleep(50)
  }
  child.kill('SIGKILL')
  throw new Error(`start prometheus: ${stderr.slice(-2000)}`)
}
