import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { createKubeClient } from '../../lib/kube/create-kube-client.ts'
import type { KubeClient, KubeClientOptions } from '../../lib/kube/kube-client.ts'
import { type ControlPlaneBinaries, controlPlaneBinaries } from './control-plane-binaries.ts'
import { freePorts } from './free-ports.ts'
import { kubeconfigText } from './kubeconfig-text.ts'
import { type Kubectl, type KubectlAnswer, type KubectlOptions, kubectlWith } from './kubectl.ts'
import { until } from './until.ts'
import { WatchedProgram } from './watched-program.ts'

/**
 * A real API server without nodes and without controllers: pods stay as they are written (their `status` may be
 * written too), a deleted namespace stays `Terminating`, owned objects outlive their owners, and cluster roles that
 * are gathered from others, such as `view`, are empty.
 */
export interface ControlPlane {
  /** `https://127.0.0.1:port`, also after restarts. */
  readonly url: string
  /** Of a member of system:masters. */
  readonly token: string
  /** The file of the certificates that `url` is to be trusted by. */
  readonly caFile: string
  /** A file, with `token`. */
  readonly kubeconfig: string
  /** Of etcd, `http://127.0.0.1:port/metrics`. */
  readonly etcdMetricsUrl: string
  readonly pids: { readonly etcd: number; readonly apiServer: number }
  /** With `kubeconfig`; rejects only where it cannot be started. */
  kubectl(parameters: readonly string[], options?: KubectlOptions): Promise<KubectlAnswer>
  /** Its output; rejects with its stderr where it fails. */
  mustKubectl(parameters: readonly string[], options?: KubectlOptions): Promise<string>
  /** A service account that may do nothing yet, made together with its namespace where they are missing. */
  createServiceAccount(
    namespace: string,
    name: string,
  ): Promise<{ readonly token: string; readonly kubeconfig: string }>
  /** The path of a new kubeconfig file; `server` may be a proxy in front of this one. */
  writeKubeconfig(facts: {
    readonly token: string
    readonly server?: string
    readonly namespace?: string
  }): Promise<string>
  /** As the administrator, or by another kubeconfig; closed with the test. */
  client(options?: KubeClientOptions): Promise<KubeClient>
  /** Ends the API server, at once as a crash does; etcd goes on. */
  stopApiServer(): Promise<void>
  /** Starts it again, on the same port and the same etcd; ready when this resolves. */
  startApiServer(): Promise<void>
  restart(): Promise<void>
  /** Forgets etcd's history: older resource versions are gone for an API server that starts afterwards. */
  compact(): Promise<void>
  /** Ends both and removes all files; `t` does it by itself. */
  stop(): Promise<void>
}

export interface ControlPlaneOptions {
  readonly apiServerFlags?: readonly string[]
}

const token = 'admin-token'

/** Starts kube-apiserver and etcd on free loopback ports, ready after about five seconds; ends with `t`. */
export async function startControlPlane(
  t: Pick<Test, 'teardown'>,
  options: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const binaries = await controlPlaneBinaries()
  for (let attempt = 1; ; attempt++) {
    const folder = await mkdtemp(join(tmpdir(), 'conprof-control-plane-'))
    const running = new RunningPlane(folder, binaries, options.apiServerFlags ?? [])
    try {
      await running.start()
      t.teardown(() => running.stop())
      return running
    } catch (error) {
      await running.stop()
      // Somebody else took one of the ports between our asking and our listening.
      if (attempt === 3 || !/address already in use/.test(String(error))) throw error
    }
  }
}

/** Applies all definitions of `crds/` and waits until they are served. */
export async function applyCrds(plane: ControlPlane): Promise<void> {
  const folder = new URL('../../crds/', import.meta.url).pathname
  await plane.mustKubectl(['apply', '--server-side', '-f', folder])
  await plane.mustKubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', folder])
  // What is established may not have been told to those who ask for what there is.
  await until('our definitions to be found', () => plane.mustKubectl(['get', 'profiletargets,scrapeconfigs']))
}

class RunningPlane implements ControlPlane {
  readonly token = token
  readonly caFile: string
  readonly kubeconfig: string
  readonly #folder: string
  readonly #binaries: ControlPlaneBinaries
  readonly #apiServerFlags: readonly string[]
  readonly #kubectl: Kubectl
  readonly #clients: KubeClient[] = []
  #etcd: WatchedProgram | undefined
  #apiServer: WatchedProgram | undefined
  #etcdPort = 0
  #port = 0
  #files = 0

  constructor(folder: string, binaries: ControlPlaneBinaries, apiServerFlags: readonly string[]) {
    this.#folder = folder
    this.#binaries = binaries
    this.#apiServerFlags = apiServerFlags
    this.kubeconfig = join(folder, 'admin.kubeconfig')
    this.#kubectl = kubectlWith(binaries.kubectl, this.kubeconfig, folder)
    // It signs itself, and its certificate is its own authority.
    this.caFile = join(folder, 'certificates', 'apiserver.crt')
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  get etcdMetricsUrl(): string {
    return `http://127.0.0.1:${this.#etcdPort}/metrics`
  }

  get pids() {
    return { etcd: this.#etcd?.child.pid ?? 0, apiServer: this.#apiServer?.child.pid ?? 0 }
  }

  async start(): Promise<void> {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await writeFile(this.#path('sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }))
    await writeFile(this.#path('tokens.csv'), `${token},admin,admin,system:masters\n`)
    const [etcdPort, peerPort, port] = await freePorts(3)
    this.#etcdPort = etcdPort!
    this.#port = port!
    const etcdUrl = `http://127.0.0.1:${etcdPort}`
    const peerUrl = `http://127.0.0.1:${peerPort}`
    const etcdFlags = [
      `--data-dir=${this.#path('etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ]
    this.#etcd = new WatchedProgram(this.#binaries.etcd, etcdFlags, this.#folder)
    await this.startApiServer()
    await this.#writeKubeconfig(this.kubeconfig, { token })
  }

  async startApiServer(): Promise<void> {
    const flags = [
      `--etcd-servers=http://127.0.0.1:${this.#etcdPort}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${this.#port}`,
      // It refuses to advertise a loopback address.
      '--endpoint-reconciler-type=none',
      `--cert-dir=${this.#path('certificates')}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${this.#path('sa.key')}`,
      `--service-account-signing-key-file=${this.#path('sa.key')}`,
      `--token-auth-file=${this.#path('tokens.csv')}`,
      '--authorization-mode=RBAC',
      // It would refuse every pod: the controller that makes default service accounts is not there.
      '--disable-admission-plugins=ServiceAccount',
      '--allow-privileged=true',
      ...this.#apiServerFlags,
    ]
    this.#apiServer = new WatchedProgram(this.#binaries.kubeApiserver, flags, this.#folder)
    await this.#untilReady()
  }

  async stopApiServer(): Promise<void> {
    await this.#apiServer?.end()
    this.#apiServer = undefined
  }

  async restart(): Promise<void> {
    await this.stopApiServer()
    await this.startApiServer()
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) await client.close()
    await this.stopApiServer()
    await this.#etcd?.end()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async compact(): Promise<void> {
    const post = async (path: string, body: unknown) => {
      const answer = await fetch(`http://127.0.0.1:${this.#etcdPort}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      })
      if (!answer.ok) throw new Error(`compact etcd: ${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as { header: { revision: string } }
    }
    const key = Buffer.from('none').toString('base64')
    const { header } = await post('/v3/kv/range', { key })
    await post('/v3/kv/compaction', { revision: header.revision, physical: true })
  }

  kubectl(parameters: readonly string[], options?: KubectlOptions): Promise<KubectlAnswer> {
    return this.#kubectl.run(parameters, options)
  }

  mustKubectl(parameters: readonly string[], options?: KubectlOptions): Promise<string> {
    return this.#kubectl.must(parameters, options)
  }

  async createServiceAccount(namespace: string, name: string) {
    const objects = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } },
    ]
    const list = { apiVersion: 'v1', kind: 'List', items: objects }
    await this.mustKubectl(['apply', '--server-side', '-f', '-'], { stdin: JSON.stringify(list) })
    const parameters = ['create', 'token', name, `--namespace=${namespace}`, '--duration=1h']
    const token = (await this.mustKubectl(parameters)).trim()
    return { token, kubeconfig: await this.writeKubeconfig({ token, namespace }) }
  }

  async writeKubeconfig(facts: { token: string; server?: string; namespace?: string }): Promise<string> {
    const path = this.#path(`kubeconfig-${++this.#files}`)
    await this.#writeKubeconfig(path, facts)
    return path
  }

  async #writeKubeconfig(
    path: string,
    facts: { readonly token: string; readonly server?: string; readonly namespace?: string },
  ): Promise<void> {
    const ca = await readFile(this.caFile, 'utf8')
    await writeFile(path, kubeconfigText({ server: this.url, ca, ...facts }))
  }

  async client(options: KubeClientOptions = {}): Promise<KubeClient> {
    const client = await createKubeClient({ kubeconfig: this.kubeconfig, ...options })
    this.#clients.push(client)
    return client
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + 120_000
    for (;;) {
      for (const program of [this.#etcd, this.#apiServer]) {
        if (program?.hasEnded) throw new Error(`start the control plane: it ended: ${program.output()}`)
      }
      if ((await this.#readiness()) === 'ok') return
      if (Date.now() > deadline)
        throw new Error(`start the control plane: not ready after 120 s: ${this.#apiServer?.output()}`)
      await setTimeout(50)
    }
  }

  /** The answer's body, "" where there is none. */
  async #readiness(): Promise<string> {
    return new Promise((resolve) => {
      const asked = request(
        `${this.url}/readyz`,
        { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false, agent: false },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          answer.on('close', () => resolve(answer.statusCode === 200 ? text : ''))
        },
      )
      asked.on('error', () => resolve(''))
      asked.setTimeout(5000, () => asked.destroy())
      asked.end()
    })
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}
