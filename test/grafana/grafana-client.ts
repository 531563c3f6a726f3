import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { buildOnce } from '../support/build-once.ts'

/** One call of the protocol; its request as protobuf's JSON has it. */
export interface QuerierCall {
  readonly method: string
  readonly request: Readonly<Record<string, unknown>>
}

export interface QuerierAnswer {
  // As protobuf's JSON has it; tests know what they asked for.
  // biome-ignore lint/suspicious/noExplicitAny: answers of all calls
  readonly response?: any
  /** Of an error, such as `invalid_argument`. */
  readonly code?: string
  readonly message?: string
}

/** By the real client library, in the order of the calls. */
export async function askQuerier(
  url: string,
  encoding: 'protobuf' | 'json',
  calls: readonly QuerierCall[],
): Promise<QuerierAnswer[]> {
  const program = await grafanaClient()
  const parameters = [`-url=${url}`, ...(encoding === 'json' ? ['-json'] : [])]
  const asking = promisify(execFile)(program, parameters, { maxBuffer: 64 << 20 })
  asking.child.stdin!.end(JSON.stringify(calls))
  return JSON.parse((await asking).stdout) as QuerierAnswer[]
}

/** A Go program that burns a core, on a port the system chooses, for as long as this process is there. */
export async function startBurner(
  t: Test,
): Promise<{ readonly address: string; readonly cpuSeconds: () => Promise<number> }> {
  const child = spawn(await grafanaClient(), ['-burn=127.0.0.1:0'], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const address = line.toString().trim()
  return {
    address,
    cpuSeconds: async () => Number(await (await fetch(`http://${address}/cpu`)).text()) / 1e9,
  }
}

const folder = fileURLToPath(new URL('client/', import.meta.url))

/** Built again where its source is another. */
export async function grafanaClient(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of ['burn.go', 'go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(folder, name)))
  return buildOnce(`grafana-client-${hash.digest('hex').slice(0, 12)}`, async (building) => {
    const path = join(building, 'client')
    await promisify(execFile)('go', ['build', '-buildvcs=false', '-o', path, '.'], { cwd: folder })
    return path
  })
}
