import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { buildOnce } from '../support/build-once.ts'

/** A real Go program that burns CPU and serves net/http/pprof. */
export interface CaptureProgram {
  readonly address: string
  notes(): Promise<ProgramNotes>
  kill(): void
}

export interface ProgramNotes {
  /** Requests, by path. */
  readonly begun: Readonly<Record<string, number>>
  /** Times that a request began while another of the same path was under way. */
  readonly overlaps: number
  /** Answers with status 500, as a second CPU profile gets. */
  readonly refused: number
  /** Heap profiles that were asked for while a CPU profile of 3 s was under way. */
  readonly beside: number
  /** The last answer to `debug=2`. */
  readonly text: string
}

const folder = fileURLToPath(new URL('program/', import.meta.url))

export async function startCaptureProgram(t: Test): Promise<CaptureProgram> {
  // The compiler of the other tests' programs, and a CPU that they share.
  const env = { ...process.env, GOMAXPROCS: '1' }
  const child = spawn(await built(), { env, stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  const address = String(line).trim()
  return {
    address,
    notes: async () => (await (await fetch(`http://${address}/notes`)).json()) as ProgramNotes,
    kill: () => child.kill('SIGKILL'),
  }
}

/** Again where its source is another. */
function built(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, name)))
  return buildOnce(`capture-program-${hash.digest('hex').slice(0, 12)}`, async (building) => {
    const path = join(building, 'program')
    await promisify(execFile)('go', ['build', '-o', path, '.'], { cwd: folder })
    return path
  })
}
