import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { type ScrapeConfigSpec, scrapeConfigSpec } from '../../collector/config/scrape-config-resource.ts'
import { createKubeClient } from '../../lib/kube/create-kube-client.ts'
import type { KubeClient } from '../../lib/kube/kube-client.ts'
import { createNamespace, createPod, putStatefulSet } from './cluster-pods.ts'
import { applyCrds, type ControlPlane, startControlPlane } from './control-plane.ts'

/** Where the release is. */
export const releaseNamespace = 'conprof-system'
export const release = 'conprof'

/** A real API server with our definitions, the namespace of a release and its StatefulSet. */
export interface OperatorRig {
  readonly plane: ControlPlane
  readonly client: KubeClient
  /** The real program; resolves once it listens. Ends with the test. */
  startOperator(options?: {
    /** Instead of the rig's: one of a proxy, or of a ServiceAccount. */
    readonly kubeconfig?: string
    readonly flags?: readonly string[]
  }): Promise<RunningOperator>
  /** Pods of the StatefulSet, Ready; `address` of the ordinal, 127.2.0.<ordinal + 1> without it. */
  addCollectors(ordinals: readonly number[]): Promise<void>
  /** What collectors are told now. */
  configs(): Promise<readonly WrittenConfig[]>
  /** Waits until `isDone` says so; rejects with what was there last. */
  until(
    what: string,
    isDone: (configs: readonly WrittenConfig[]) => boolean,
    options?: { readonly timeoutMs?: number },
  ): Promise<readonly WrittenConfig[]>
}

export interface WrittenConfig {
  readonly name: string
  readonly resourceVersion: string
  readonly spec: ScrapeConfigSpec
}

export interface RunningOperator {
  readonly url: string
  readonly process: ChildProcess
  log(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export async function startOperatorRig(
  t: Pick<Test, 'teardown'>,
  options: { readonly replicas?: number } = {},
): Promise<OperatorRig> {
  const plane = await startControlPlane(t)
  await applyCrds(plane)
  const client = await createKubeClient({ kubeconfig: plane.kubeconfig })
  t.teardown(() => client.close())
  await createNamespace(client, releaseNamespace)
  const statefulSet = `${release}-collector`
  await putStatefulSet(client, {
    namespace: releaseNamespace,
    name: statefulSet,
    replicas: options.replicas ?? 3,
  })
  const configs = () => readConfigs(client)
  return {
    plane,
    client,
    configs,
    startOperator: ({ kubeconfig = plane.kubeconfig, flags = [] } = {}) =>
      startOperator(t, [`--kubeconfig=${kubeconfig}`, ...flags]),
    addCollectors: async (ordinals) => {
      for (const ordinal of ordinals) {
        await createPod(client, {
          namespace: releaseNamespace,
          name: `${statefulSet}-${ordinal}`,
          ip: collectorIp(ordinal),
          owner: { kind: 'StatefulSet', name: statefulSet },
          labels: { 'app.kubernetes.io/component': 'collector' },
        })
      }
    },
    until: async (what, isDone, { timeoutMs = 60_000 } = {}) => {
      const deadline = Date.now() + timeoutMs
      for (;;) {
        const now = await configs().catch(() => undefined)
        if (now !== undefined && isDone(now)) return now
        if (Date.now() > deadline) throw new Error(`wait for ${what}: ${describe(now ?? [])}`)
        await sleep(50)
      }
    },
  }
}

export function collectorIp(ordinal: number): string {
  return `127.2.0.${ordinal + 1}`
}

export async function readConfigs(client: KubeClient): Promise<WrittenConfig[]> {
  const { items } = await client.request<{
    items: { metadata: { name: string; resourceVersion: string }; spec: unknown }[]
  }>({ path: `/apis/conprof.io/v1alpha1/namespaces/${releaseNamespace}/scrapeconfigs` })
  return items.map(({ metadata, spec }) => ({
    name: metadata.name,
    resourceVersion: metadata.resourceVersion,
    spec: scrapeConfigSpec.parse(spec),
  }))
}

/** `<shard> <address> <types>` of each target, sorted: what a reviewer can check by eye. */
export function linesOf(configs: readonly WrittenConfig[]): string[] {
  return configs
    .flatMap(({ spec: { shard, job, groups } }) =>
      groups.flatMap(({ targets }) =>
        targets.map(
          ({ address }) =>
            `${shard} ${address}${job.pathPrefix} ${job.profiles.map(({ type }) => type).join(',')}`,
        ),
      ),
    )
    .sort()
}

function describe(configs: readonly WrittenConfig[]): string {
  const lines = linesOf(configs)
  return `${configs.length} objects, ${lines.length} targets: ${lines.slice(0, 20).join('; ')}`
}

async function startOperator(t: Pick<Test, 'teardown'>, flags: readonly string[]): Promise<RunningOperator> {
  const { NODE_OPTIONS: _, ...env } = process.env
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const child = spawn(
    process.execPath,
    [
      // As the chart runs it, within its limit of 512 MiB.
      '--max-semi-space-size=4',
      '--max-old-space-size=358',
      `${root}bin/conprof.js`,
      'operator',
      `--namespace=${releaseNamespace}`,
      `--release=${release}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.format=json',
      ...flags,
    ],
    // As the image sets it.
    { cwd: root, env: { ...env, MALLOC_ARENA_MAX: '2' }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  t.teardown(async () => {
    await stop('SIGKILL')
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', () => {
      const [, port] = /"port":(\d+)/.exec(log) ?? []
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`)
    })
    ended.then((code) => reject(new Error(`start operator: it ended with ${code}: ${log}`)))
  })
  return { url, process: child, log: () => log, stop }
}
