import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The real program, from its command line. */
export interface Conprof {
  readonly url: string
  /** What it has said on stderr so far. */
  stderr(): string
  readonly process: ChildProcess
  /** SIGTERM, unless it has ended; the exit code. */
  stop(): Promise<number | null>
}

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface SpawnOptions {
  readonly nodeFlags?: readonly string[]
  /** Another tree than this one, with a slash at the end. */
  readonly folder?: string
}

/** Starts a program of it, on a port the system chooses; resolves once it says where it listens. */
export async function startConprof(
  flags: readonly string[],
  program = 'all',
  { nodeFlags = [], folder = root }: SpawnOptions = {},
): Promise<Conprof> {
  const parameters = [program, '--web.listen-address=127.0.0.1:0', '--log.format=json', ...flags]
  const child = spawnConprof(parameters, { nodeFlags, folder })
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr!.on('data', () => {
      // The banner's, or what a program says that has nothing to show.
      const [, found] = /(?:open +|"url":")(http[^\s"]+)/.exec(stderr) ?? []
      if (found !== undefined) resolve(found.replace('localhost', '127.0.0.1'))
    })
    ended.then((code) => reject(new Error(`start conprof: it ended with ${code}: ${stderr}`)))
  })
  return {
    url,
    stderr: () => stderr,
    process: child,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** Runs it to its end. */
export async function runConprof(
  parameters: readonly string[],
  options: SpawnOptions = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawnConprof(parameters, options)
  let stdout = ''
  let stderr = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout, stderr }
}

/** Starts it, and leaves the rest to whoever asked. */
export function spawnConprof(
  parameters: readonly string[],
  { nodeFlags = [], folder = root }: SpawnOptions = {},
): ChildProcess {
  // Without tap's loaders: as a user runs it.
  const { NODE_OPTIONS: _, ...env } = process.env
  return spawn(process.execPath, [...nodeFlags, `${folder}bin/conprof.js`, ...parameters], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
