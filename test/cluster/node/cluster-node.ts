import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../support/until.ts'
import { processesIn, programsCgroup } from './cgroup.ts'
import { type ClusterPlace, nodeAddress } from './cluster-place.ts'
import { type NodeBinaries, nodeBinaries } from './node-binaries.ts'
import { type NodeProgramName, nodePrograms } from './node-programs.ts'
import { type ClusterPki, clusterPki } from './pki.ts'

/** The programs of one node and its control plane; they outlive the process that started them. */
export class ClusterNode {
  readonly place: ClusterPlace
  readonly pki: ClusterPki
  readonly #binaries: NodeBinaries

  private constructor(place: ClusterPlace, binaries: NodeBinaries) {
    this.place = place
    this.pki = clusterPki(join(place.folder, 'pki'))
    this.#binaries = binaries
  }

  static async open(place: ClusterPlace): Promise<ClusterNode> {
    return new ClusterNode(place, await nodeBinaries())
  }

  get kubectlProgram(): string {
    return this.#binaries.kubectl
  }

  /** Starts it in the namespace and in the cluster's cgroup, its output in `log/`. */
  async start(name: NodeProgramName): Promise<void> {
    const { path, parameters } = nodePrograms(this.place, this.pki, this.#binaries)[name]
    const log = this.#log(name)
    // Not `ip netns exec`: that mounts another /sys, which hides the cgroups from the kubelet.
    const child = this.#spawn(['nsenter', `--net=${this.place.netnsPath}`, path, ...parameters], log)
    closeSync(log)
    await once(child, 'spawn')
    child.unref()
    await writeFile(this.#pidFile(name), String(child.pid))
  }

  /** Starts what brings the API server to `127.0.0.1` of this machine; the port. */
  async startRelay(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const log = this.#log('api-relay')
    const relay = fileURLToPath(new URL('api-relay.ts', import.meta.url))
    const child = this.#spawn(
      ['nsenter', `--net=${this.place.netnsPath}`, process.execPath, relay, nodeAddress, '6443'],
      log,
      'ipc',
    )
    closeSync(log)
    child.send('listen', server)
    await once(child, 'message')
    server.close()
    child.unref()
    return port
  }

  /** Of a program that runs; undefined where it does not. */
  async pid(name: NodeProgramName): Promise<number | undefined> {
    const pid = Number(await readFile(this.#pidFile(name), 'utf8').catch(() => ''))
    // Another process may have got its number.
    return processesIn(this.place.cgroup).includes(pid) ? pid : undefined
  }

  /** Ends it, at once as a crash does unless another signal is given. */
  async stop(name: NodeProgramName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const pid = await this.pid(name)
    if (pid !== undefined) process.kill(pid, signal)
    await until(`${name} to end`, async () => (await this.pid(name)) === undefined, 120_000)
    await rm(this.#pidFile(name), { force: true })
  }

  /** The last lines of its log. */
  async logOf(name: string): Promise<string> {
    const text = await readFile(join(this.place.folder, 'log', `${name}.log`), 'utf8').catch(() => '')
    return text.trimEnd().split('\n').slice(-5).join('\n')
  }

  #spawn(command: readonly string[], log: number, ipc?: 'ipc'): ChildProcess {
    const enter = 'echo $$ > "$0" && exec "$@"'
    return spawn('sh', ['-c', enter, join(programsCgroup(this.place.cgroup), 'cgroup.procs'), ...command], {
      detached: true,
      stdio: ['ignore', log, log, ...(ipc === undefined ? [] : [ipc])],
      cwd: this.place.folder,
    })
  }

  #log(name: string): number {
    const path = join(this.place.folder, 'log', `${name}.log`)
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, 'a')
  }

  #pidFile(name: string): string {
    return join(this.place.folder, `${name}.pid`)
  }
}
