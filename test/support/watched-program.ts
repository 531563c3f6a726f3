import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'

/** A program of a test that does not outlive it, however the test ends. */
export class WatchedProgram {
  readonly child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''

  /** Ends with this process, however that ends; `folder` is then removed. */
  constructor(path: string, parameters: readonly string[], folder: string) {
    this.child = spawn('sh', ['-c', watched, folder, path, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk).slice(-4000)
    }
    this.child.stdout!.on('data', keep)
    this.child.stderr!.on('data', keep)
    this.child.stdio[3]!.on('error', () => {})
    this.#ended = new Promise((resolve) => {
      this.child.once('exit', resolve)
      this.child.once('error', (error) => {
        this.#output += String(error)
        resolve(undefined)
      })
    })
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined
  }

  output(): string {
    return this.#output.trim().split('\n').slice(-3).join(' | ')
  }

  /** Its files are the test's own: nothing is lost by not asking. */
  async end(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#ended
    const watcher = this.child.stdio[3] as Writable
    watcher.end('done\n')
  }
}

/** The program in this shell's place; beside it one that waits for the end of our side of a pipe. */
const watched = `
(read -r _ <&3 || { kill -9 $$; sleep 1; rm -rf "$0"; }) >/dev/null 2>&1 &
exec "$@" 3<&-
`
