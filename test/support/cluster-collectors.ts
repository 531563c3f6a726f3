import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { createPod, deletePod } from './cluster-pods.ts'
import { freePorts } from './free-ports.ts'
import { collectorIp, type OperatorRig, release, releaseNamespace } from './operator-rig.ts'
import { runReadiness } from './readiness-kubelet.ts'

const statefulSet = `${release}-collector`

/** The real collectors of a rig: pods of its StatefulSet, each a process on an address of the loopback range. */
export class ClusterCollectors {
  /** On which all of them listen. */
  readonly port: number
  readonly #rig: OperatorRig
  readonly #t: Pick<Test, 'teardown'>
  readonly #flags: readonly string[]
  readonly #running = new Map<number, ChildProcess>()

  private constructor(
    port: number,
    options: {
      readonly rig: OperatorRig
      readonly t: Pick<Test, 'teardown'>
      readonly flags: readonly string[]
    },
  ) {
    this.port = port
    this.#rig = options.rig
    this.#t = options.t
    this.#flags = options.flags
  }

  /** None runs yet; from now on their pods are Ready when they say so. */
  static async open(
    t: Pick<Test, 'teardown'>,
    rig: OperatorRig,
    options: { readonly flags?: readonly string[] } = {},
  ): Promise<ClusterCollectors> {
    const [port] = await freePorts(1, collectorIp(0))
    const collectors = new ClusterCollectors(port!, { rig, t, flags: options.flags ?? [] })
    const stop = new AbortController()
    const kubelet = runReadiness(rig.client, {
      namespace: releaseNamespace,
      pods: () => collectors.urls(),
      signal: stop.signal,
    })
    t.teardown(async () => {
      stop.abort()
      await kubelet
    })
    return collectors
  }

  /** By the pod's name. */
  urls(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#running.keys()].map((ordinal) => [
        `${statefulSet}-${ordinal}`,
        `http://${collectorIp(ordinal)}:${this.port}`,
      ]),
    )
  }

  async start(ordinal: number, pod: { readonly annotations?: Record<string, string> } = {}): Promise<void> {
    const { client, plane } = this.#rig
    await createPod(client, {
      namespace: releaseNamespace,
      name: `${statefulSet}-${ordinal}`,
      ip: collectorIp(ordinal),
      owner: { kind: 'StatefulSet', name: statefulSet },
      labels: { 'conprof.io/release': release },
      containers: [{ name: 'collector', ports: [{ containerPort: this.port, name: 'http' }] }],
      isReady: false,
      ...pod,
    })
    const folder = await mkdtemp(join(tmpdir(), 'conprof-collector-'))
    const root = fileURLToPath(new URL('../../', import.meta.url))
    const { NODE_OPTIONS: _, ...env } = process.env
    const child = spawn(
      process.execPath,
      [
        '--max-semi-space-size=4',
        `${root}bin/conprof.js`,
        'collector',
        `--config.kubernetes=${releaseNamespace}/${release}`,
        `--collector.ordinal=${ordinal}`,
        `--kubeconfig=${plane.kubeconfig}`,
        `--storage.path=${folder}`,
        `--web.listen-address=${collectorIp(ordinal)}:${this.port}`,
        '--log.level=error',
        ...this.#flags,
      ],
      { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const ended = new Promise((resolve) => child.once('close', resolve))
    this.#running.set(ordinal, child)
    this.#t.teardown(async () => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    })
  }

  /** As a scale-down does: SIGTERM, and the pod is gone. */
  async end(ordinal: number): Promise<void> {
    const child = this.#running.get(ordinal)!
    this.#running.delete(ordinal)
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    await ended
    await deletePod(this.#rig.client, { namespace: releaseNamespace, name: `${statefulSet}-${ordinal}` })
  }

  /** SIGSTOP: it neither scrapes nor answers, and knows nothing of the time that passes. */
  freeze(ordinal: number): void {
    this.#running.get(ordinal)!.kill('SIGSTOP')
  }

  thaw(ordinal: number): void {
    this.#running.get(ordinal)!.kill('SIGCONT')
  }
}
