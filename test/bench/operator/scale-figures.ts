import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import {
  releaseLabel,
  type ScrapeConfigSpec,
  scrapeConfigSpec,
  shardLabel,
} from '../../../collector/config/scrape-config-resource.ts'
import { ListWatch } from '../../../lib/kube/list-watch.ts'
import { silentLogger } from '../../../lib/log.ts'
import { annotatePod, inParallel, putStatefulSet, type TestPod } from '../../support/cluster-pods.ts'
import { type OperatorRig, release, releaseNamespace, startOperatorRig } from '../../support/operator-rig.ts'
import type { Figure } from '../figure.ts'
import { createManyPods, manyPods } from './many-pods.ts'
import { ResidentMemory } from './resident-memory.ts'
import { countWrites, etcdBytes } from './server-metrics.ts'
import type { Teardowns } from './teardowns.ts'

const podCount = 10_000
const shardCount = 10
const changesPerSecond = 10
const changeSeconds = 120
/** So many pods are without their annotation at a time. */
const maxAway = 50

/** What 10,000 annotated pods cost: on a real API server, with the real program. */
export async function scaleFigures(teardowns: Teardowns, say: (line: string) => void): Promise<Figure[]> {
  const rig = await startOperatorRig(teardowns, { replicas: shardCount })
  await rig.addCollectors(Array.from({ length: shardCount }, (_, i) => i))
  const pods = manyPods(podCount)
  const createdMs = performance.now()
  await createManyPods(rig.client, pods)
  say(`${podCount} pods made in ${((performance.now() - createdMs) / 1000).toFixed(0)} s`)

  const startMs = performance.now()
  const operator = await rig.startOperator()
  const memory = new ResidentMemory(operator.process.pid!)
  await rig.until('all targets', (configs) => countTargets(configs.map(({ spec }) => spec)) === podCount, {
    timeoutMs: 120_000,
  })
  const coldSeconds = (performance.now() - startMs) / 1000
  const objects = (await rig.configs()).length
  await sleep(60_000)
  const residentMb = memory.nowMb()
  const idle = await idleWrites(rig)
  const spread = await propagation(rig, pods, say)
  const moved = await movedShare(rig)
  memory.stop()
  await operator.stop()
  return [
    {
      name: 'operator.cold_start_s',
      value: coldSeconds,
      unit: 's',
      reach: { op: '<=', value: 20 },
      context: `${podCount} annotated pods over ${shardCount} shards: start to all of ${objects} objects written`,
    },
    {
      name: 'operator.rss_mb',
      value: residentMb,
      unit: 'MiB',
      reach: { op: '<=', value: 220 },
      context: 'one minute after sync',
    },
    {
      name: 'operator.rss_peak_mb',
      value: memory.peakMb,
      unit: 'MiB',
      reach: { op: '<=', value: 400 },
      context: 'of everything here',
    },
    {
      name: 'operator.idle_writes',
      value: idle,
      unit: '',
      reach: { op: '<=', value: 0 },
      context: 'API writes in a minute without changes, Leases aside',
    },
    ...spread,
    moved,
  ]
}

async function idleWrites({ client }: OperatorRig): Promise<number> {
  const before = await countWrites(client)
  await sleep(60_000)
  return (await countWrites(client)) - before
}

/** Annotations taken and given, ten a second; how long until the object that a collector watches says so. */
async function propagation(
  rig: OperatorRig,
  pods: readonly TestPod[],
  say: (line: string) => void,
): Promise<Figure[]> {
  const stop = new AbortController()
  const collectors = await followAsCollectors(rig, stop.signal)
  const changed = await writesFor(rig, () => changePods(rig, pods, collectors, changeSeconds))
  stop.abort()
  const latencies = changed.result.sort((a, b) => a - b)
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]! / 1000
  say(`${latencies.length} changes, median ${at(0.5).toFixed(2)} s, slowest ${at(1).toFixed(2)} s`)
  return [
    {
      name: 'operator.propagation_p99_s',
      value: at(0.99),
      unit: 's',
      reach: { op: '<=', value: 2 },
      context: `of ${latencies.length} pods that were annotated or not any more, ${changesPerSecond} a second; median ${at(0.5).toFixed(2)} s`,
    },
    {
      name: 'operator.etcd_mb_per_10min',
      value: (changed.etcdBytes / 2 ** 20) * (600 / changeSeconds),
      unit: 'MiB',
      reach: { op: '<=', value: 120 },
      context: `appended to etcd's log during the changes, the pods' own writes among them`,
    },
  ]
}

async function writesFor<Result>(
  { plane }: OperatorRig,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly etcdBytes: number }> {
  const before = await etcdBytes(plane)
  const result = await work()
  return { result, etcdBytes: (await etcdBytes(plane)) - before }
}

interface Followed {
  /** Addresses that some collector has now. */
  readonly addresses: ReadonlyMap<string, number>
  onChange: () => void
}

/** The list and watch that a collector of each shard runs, and its check of what it reads. */
async function followAsCollectors({ client }: OperatorRig, signal: AbortSignal): Promise<Followed> {
  const addresses = new Map<string, number>()
  const followed: Followed = { addresses, onChange: () => {} }
  const count = (spec: ScrapeConfigSpec | undefined, sign: 1 | -1) => {
    for (const { targets } of spec?.groups ?? []) {
      for (const { address } of targets) addresses.set(address, (addresses.get(address) ?? 0) + sign)
    }
  }
  const watches = Array.from(
    { length: shardCount },
    (_, shard) =>
      new ListWatch<ScrapeConfigSpec>({
        client,
        kind: `scrapeconfigs of shard ${shard}`,
        path: `/apis/conprof.io/v1alpha1/namespaces/${releaseNamespace}/scrapeconfigs`,
        labelSelector: `${shardLabel}=${shard},${releaseLabel}=${release}`,
        project: (object: never) => scrapeConfigSpec.parse((object as { spec: unknown }).spec),
        onChange: ({ before, after }) => {
          count(after, 1)
          count(before, -1)
          followed.onChange()
        },
        logger: silentLogger(),
        registry: new Registry(),
      }),
  )
  for (const watch of watches) void watch.run({ signal })
  while (watches.some(({ isSynced }) => !isSynced)) await sleep(20)
  return followed
}

async function changePods(
  { client }: OperatorRig,
  pods: readonly TestPod[],
  collectors: Followed,
  seconds: number,
): Promise<number[]> {
  const latencies: number[] = []
  const waiting = new Map<string, { readonly isWanted: boolean; readonly sinceMs: number }>()
  collectors.onChange = () => {
    for (const [address, { isWanted, sinceMs }] of waiting) {
      if ((collectors.addresses.get(address) ?? 0) > 0 !== isWanted) continue
      waiting.delete(address)
      latencies.push(performance.now() - sinceMs)
    }
  }
  const away: TestPod[] = []
  let next = 0
  const startMs = performance.now()
  for (let i = 0; i < changesPerSecond * seconds; i++) {
    await sleep(Math.max(0, startMs + (i * 1000) / changesPerSecond - performance.now()))
    const isWanted = away.length > maxAway
    // Far from each other, as changes of many teams are.
    const pod = isWanted ? away.shift()! : pods[(next++ * 7919) % pods.length]!
    if (!isWanted) away.push(pod)
    waiting.set(`${pod.ip}:6060`, { isWanted, sinceMs: performance.now() })
    await annotatePod(client, pod, { 'conprof.io/scrape': isWanted ? 'true' : null })
    collectors.onChange()
  }
  for (let wait = 0; waiting.size > 0 && wait < 300; wait++) await sleep(100)
  for (const { sinceMs } of waiting.values()) latencies.push(performance.now() - sinceMs)
  collectors.onChange = () => {}
  await inParallel(away, 8, (pod) => annotatePod(client, pod, { 'conprof.io/scrape': 'true' }))
  return latencies
}

/** Of 10,000 targets, how many another collector has after a fourth joins three. */
async function movedShare(rig: OperatorRig): Promise<Figure> {
  const statefulSet = { namespace: releaseNamespace, name: `${release}-collector` }
  const settle = async (replicas: number) => {
    await putStatefulSet(rig.client, { ...statefulSet, replicas })
    const isSpread = (specs: readonly ScrapeConfigSpec[]) =>
      countTargets(specs) === podCount && new Set(specs.map(({ shard }) => shard)).size === replicas
    const configs = await rig.until(
      `${replicas} shards`,
      (configs) => isSpread(configs.map(({ spec }) => spec)),
      { timeoutMs: 180_000 },
    )
    return new Map(
      configs.flatMap(({ spec: { shard, groups } }) =>
        groups.flatMap(({ targets }) => targets.map(({ uid }) => [uid, shard] as const)),
      ),
    )
  }
  const three = await settle(3)
  const four = await settle(4)
  const moved = [...four].filter(([uid, shard]) => three.get(uid) !== shard).length
  return {
    name: 'operator.moved_share',
    value: moved / four.size,
    unit: '',
    reach: { op: '<=', value: 0.27 },
    context: `of ${four.size} targets, from 3 to 4 shards`,
  }
}

function countTargets(specs: readonly ScrapeConfigSpec[]): number {
  return specs.reduce(
    (sum, { groups }) => sum + groups.reduce((count, { targets }) => count + targets.length, 0),
    0,
  )
}
