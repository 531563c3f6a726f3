import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { until } from '../../support/until.ts'
import type { Cluster } from '../use-cluster.ts'

/** `kubectl port-forward`, as a user runs it; starts again where it ends, which it does with its pod. */
export class PortForward {
  readonly #cluster: Cluster
  readonly #parameters: readonly string[]
  #child: ChildProcess | undefined
  #port = 0
  #isClosed = false

  private constructor(cluster: Cluster, parameters: readonly string[]) {
    this.#cluster = cluster
    this.#parameters = parameters
  }

  /** `target` as kubectl takes it, such as `service/conprof-query`; resolves once it listens, ends with `t`. */
  static async open(
    t: Pick<Test, 'teardown'>,
    cluster: Cluster,
    options: { readonly namespace: string; readonly target: string; readonly port: number },
  ): Promise<PortForward> {
    const { namespace, target, port } = options
    const forward = new PortForward(cluster, ['port-forward', '-n', namespace, target, `:${port}`])
    t.teardown(() => forward.close())
    await forward.url()
    return forward
  }

  /** `http://127.0.0.1:port`; another port after it had to start again. */
  async url(): Promise<string> {
    await until('kubectl port-forward to listen', () => this.#isListening(), 180_000)
    return `http://127.0.0.1:${this.#port}`
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async #isListening(): Promise<boolean> {
    if (this.#isClosed) throw new Error('kubectl port-forward: it was closed')
    const child = this.#child
    if (child !== undefined && child.exitCode === null && child.signalCode === null && this.#port > 0)
      return true
    return this.#start()
  }

  async #start(): Promise<boolean> {
    this.#port = 0
    const { kubectlProgram, kubeconfig } = this.#cluster
    const child = spawn(kubectlProgram, [`--kubeconfig=${kubeconfig}`, ...this.#parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    let said = ''
    return new Promise((resolve, reject) => {
      // An API server that is busy may keep it waiting for good; another one may find it less so.
      const impatience = setTimeout(() => child.kill('SIGKILL'), 30_000)
      const read = (chunk: string) => {
        said = (said + chunk).slice(-2000)
        const [, port] = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said) ?? []
        if (port !== undefined) {
          this.#port = Number(port)
          clearTimeout(impatience)
          resolve(true)
        }
        // The pod that it holds on to is gone: what is asked through it would wait for good.
        if (/lost connection to pod|error forwarding port/.test(chunk)) child.kill('SIGKILL')
      }
      child.stdout.setEncoding('utf8').on('data', read)
      child.stderr.setEncoding('utf8').on('data', read)
      child.once('error', (error) => {
        clearTimeout(impatience)
        reject(error)
      })
      child.once('exit', () => {
        clearTimeout(impatience)
        reject(new Error(said.trim() || 'it ended'))
      })
    })
  }
}
