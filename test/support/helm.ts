import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { goProgram } from './go-program.ts'

export interface Helm {
  /** `3` or `4`. */
  readonly major: number
  /** Runs it to its end; rejects only where it cannot be started. */
  run(parameters: readonly string[]): Promise<HelmAnswer>
  /** Its output; rejects with its stderr where it fails. */
  must(parameters: readonly string[]): Promise<string>
}

export interface HelmAnswer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The folder of our chart. */
export const chart = fileURLToPath(new URL('../../charts/conprof', import.meta.url))

/** The real Helm of each major version that the chart promises to work with, with a home of the test's own. */
export async function bothHelms(t: Test, options: { readonly kubeconfig?: string } = {}): Promise<Helm[]> {
  const home = await mkdtemp(join(tmpdir(), 'conprof-helm-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: home,
    // Without one it must not find a cluster of whoever runs the tests.
    KUBECONFIG: options.kubeconfig ?? join(home, 'no-cluster'),
  }
  const helms: Helm[] = []
  for (const [index, program] of (await helmPrograms()).entries()) {
    const run = runner(program, env)
    helms.push({
      major: Number(versions[index]!.slice(1, 2)),
      run,
      must: async (parameters) => {
        const { code, stdout, stderr } = await run(parameters)
        if (code !== 0) throw new Error(`helm ${parameters.join(' ')}: exit ${code}: ${stderr.trim()}`)
        return stdout
      },
    })
  }
  return helms
}

function runner(binary: string, env: NodeJS.ProcessEnv): Helm['run'] {
  return async (parameters) => {
    const child = spawn(binary, parameters, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { code, stdout, stderr }
  }
}

/** Of each major version, in order. */
export function helmPrograms(): Promise<string[]> {
  return Promise.all(
    versions.map((version) =>
      goProgram({ name: 'helm', package: `helm.sh/helm/${version.slice(0, 2)}/cmd/helm`, version }),
    ),
  )
}

const versions = ['v3.19.5', 'v4.3.1']
