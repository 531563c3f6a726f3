import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createNamespace, createPod, deletePod, putStatefulSet } from '../../support/cluster-pods.ts'
import {
  collectorIp,
  type OperatorRig,
  release,
  releaseNamespace,
  startOperatorRig,
} from '../../support/operator-rig.ts'
import { startPprofTargets } from '../../support/pprof-targets.ts'
import { runReadiness } from '../../support/readiness-kubelet.ts'
import type { Figure } from '../figure.ts'
import type { Teardowns } from './teardowns.ts'

const targetCount = 40
const statefulSet = `${release}-collector`

/**
 * Real collectors on 40 programs: 3, then 4, then 2 of them, then one is frozen for three minutes and comes back. Counts,
 * at the programs, scrapes of one type that began while another ran.
 */
export async function overlapFigure(teardowns: Teardowns, say: (line: string) => void): Promise<Figure> {
  const rig = await startOperatorRig(teardowns, { replicas: 3 })
  const targets = await startPprofTargets(targetCount)
  teardowns.teardown(() => targets.close())
  await createNamespace(rig.client, 'shop')
  for (const [i, ip] of targets.ips.entries()) {
    await createPod(rig.client, {
      namespace: 'shop',
      name: `cart-${i}`,
      ip,
      annotations: {
        'conprof.io/scrape': 'true',
        'conprof.io/interval': '15s',
        'conprof.io/seconds': '4',
        'conprof.io/profiles': 'cpu,heap,goroutine',
      },
      containers: [{ name: 'app', ports: [{ containerPort: targets.port, name: 'pprof' }] }],
    })
  }
  const port = await freePort()
  const collectors = new Collectors(rig, { teardowns, port })
  for (const ordinal of [0, 1, 2]) await collectors.start(ordinal)
  const stop = new AbortController()
  const kubelet = runReadiness(rig.client, {
    namespace: releaseNamespace,
    pods: () => collectors.urls(),
    signal: stop.signal,
  })
  await rig.startOperator({ flags: [`--collectors.port=${port}`] })
  const scrapes = () => [...targets.scrapes().values()].reduce((sum, count) => sum + count, 0)
  const stage = async (name: string, seconds: number) => {
    const before = scrapes()
    await sleep(seconds * 1000)
    say(`${name}: ${scrapes() - before} scrapes in ${seconds} s, ${targets.overlaps()} overlaps so far`)
  }
  await stage('3 collectors', 60)
  await collectors.start(3)
  await putStatefulSet(rig.client, { namespace: releaseNamespace, name: statefulSet, replicas: 4 })
  await stage('4 collectors', 60)
  await putStatefulSet(rig.client, { namespace: releaseNamespace, name: statefulSet, replicas: 2 })
  await collectors.end(3)
  await collectors.end(2)
  await stage('2 collectors', 60)
  collectors.freeze(1)
  await stage('one of them frozen', 180)
  const moved = (await rig.configs()).filter(({ spec }) => spec.shard === 1).length
  collectors.thaw(1)
  await stage('it comes back', 60)
  stop.abort()
  await kubelet
  return {
    name: 'operator.overlap',
    value: targets.overlaps(),
    unit: '',
    reach: { op: '<=', value: 0 },
    context: `of ${scrapes()} scrapes of ${targetCount} programs; the frozen collector kept ${moved} objects; ${targets.busy()} answers of busy`,
  }
}

class Collectors {
  readonly #rig: OperatorRig
  readonly #teardowns: Teardowns
  readonly #port: number
  readonly #running = new Map<number, ChildProcess>()

  constructor(rig: OperatorRig, options: { readonly teardowns: Teardowns; readonly port: number }) {
    this.#rig = rig
    this.#teardowns = options.teardowns
    this.#port = options.port
  }

  urls(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#running.keys()].map((ordinal) => [
        `${statefulSet}-${ordinal}`,
        `http://${collectorIp(ordinal)}:${this.#port}`,
      ]),
    )
  }

  async start(ordinal: number): Promise<void> {
    const { client, plane } = this.#rig
    await createPod(client, {
      namespace: releaseNamespace,
      name: `${statefulSet}-${ordinal}`,
      ip: collectorIp(ordinal),
      owner: { kind: 'StatefulSet', name: statefulSet },
      isReady: false,
    })
    const folder = await mkdtemp(join(tmpdir(), 'conprof-collector-'))
    const root = fileURLToPath(new URL('../../../', import.meta.url))
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
        `--web.listen-address=${collectorIp(ordinal)}:${this.#port}`,
        '--log.level=error',
      ],
      { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] },
    )
    this.#running.set(ordinal, child)
    this.#teardowns.teardown(async () => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
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

  freeze(ordinal: number): void {
    this.#running.get(ordinal)!.kill('SIGSTOP')
  }

  thaw(ordinal: number): void {
    this.#running.get(ordinal)!.kill('SIGCONT')
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.2.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()))
    })
  })
}
