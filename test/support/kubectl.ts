import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface KubectlAnswer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface KubectlOptions {
  readonly stdin?: string
}

export interface Kubectl {
  /** Runs it to its end; rejects only where it cannot be started. */
  run(parameters: readonly string[], options?: KubectlOptions): Promise<KubectlAnswer>
  /** Its output; rejects with its stderr where it fails. */
  must(parameters: readonly string[], options?: KubectlOptions): Promise<string>
}

/** With a kubeconfig; what it remembers of the server stays in `folder`, not in the user's home. */
export function kubectlWith(program: string, kubeconfig: string, folder: string): Kubectl {
  const flags = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(folder, 'kubectl-cache')}`]
  const run: Kubectl['run'] = async (parameters, options = {}) => {
    const child = spawn(program, [...flags, ...parameters], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, HOME: folder },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    // It may end before it has read everything.
    child.stdin.on('error', () => {})
    child.stdin.end(options.stdin ?? '')
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout, stderr }
  }
  return {
    run,
    must: async (parameters, options) => {
      const { code, stdout, stderr } = await run(parameters, options)
      if (code !== 0) throw new Error(`kubectl ${parameters.join(' ')}: exit ${code}: ${stderr.trim()}`)
      return stdout
    },
  }
}
