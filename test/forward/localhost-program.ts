import { execFile, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { freePorts } from '../support/free-ports.ts'
import { until } from '../support/until.ts'

export interface LocalhostProgram {
  /** `localhost:port` */
  readonly address: string
  end(): Promise<void>
}

/** The Go program of examples/kubernetes/localhost-only, word for word but for its port. */
export async function startLocalhostProgram(t: Test, folder: string): Promise<LocalhostProgram> {
  const address = `localhost:${(await freePorts(1))[0]}`
  const example = await readFile('examples/kubernetes/localhost-only/main.go', 'utf8')
  const source = example.replace('"localhost:6060"', JSON.stringify(address))
  t.not(source, example, 'the example says where it listens')
  const path = join(folder, 'main.go')
  await writeFile(path, source)
  const program = join(folder, 'prices')
  await promisify(execFile)('go', ['build', '-o', program, path])
  const child = spawn(program, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const end = () => {
    child.kill('SIGKILL')
    return ended
  }
  t.teardown(end)
  await until('the program listens', async () => (await fetch(`http://${address}/debug/pprof/`)).ok)
  return { address, end }
}
