import { setTimeout as sleep } from 'node:timers/promises'
import type { ByteSource } from '../../../block/block-reader.ts'
import { openBlock } from '../../../block/open-block.ts'
import { createMatcher } from '../../../profile/matcher.ts'
import type { Figure } from '../figure.ts'
import type { BucketRig } from './bucket-rig.ts'
import { dayMs, hourMs } from './fleet-plan.ts'
import type { Fleet } from './make-fleet.ts'
import { difference, type QueryProcess, startQuery, type Transfer } from './query-process.ts'

export interface QueryFiguresOptions {
  readonly rig: BucketRig
  readonly fleet: Fleet
  readonly stated: string
  readonly say: (line: string) => void
}

/** How long ten clients ask. */
const loadMs = 60_000
const clients = 10

export async function queryFigures(options: QueryFiguresOptions): Promise<Figure[]> {
  const { fleet, stated } = options
  const asks = asksOf(fleet)
  const cold = await inTurn([0, 1, 2], () =>
    withFresh(options, (query) => measured(query, () => query.ask(...asks.merge))),
  )
  const small = await withFresh(options, (query) => measured(query, () => query.ask(...asks.small)))
  const selected = await selectedBytes(options)
  const warm = await withFresh(options, async (query) => {
    const best = {
      merge: await warmMs(query, asks.merge),
      plot: await warmMs(query, asks.plot),
      names: await warmMs(query, asks.names),
      pods: await warmMs(query, asks.pods),
      services: await warmMs(query, asks.services),
    }
    return best
  })
  const load = await withFresh(options, (query) => underLoad(query, Object.values(asks), options.say))
  const coldest = cold.toSorted((a, b) => a.ms - b.ms)[1]!
  const pods = fleet.parameters.service.pods
  return [
    {
      name: 'fleet.merge_cold_s',
      value: coldest.ms / 1000,
      unit: 's',
      ...reach('<=', 2, pods),
      context: `heap of ${pods} pods over ${fleet.parameters.hours} h to a flame graph, in a process just started; ${transferText(coldest.transfer)}; median of 3; ${stated}`,
    },
    {
      name: 'fleet.merge_warm_ms',
      value: warm.merge,
      unit: 'ms',
      ...reach('<=', 300, pods),
      context: 'the same again; median of 5',
    },
    {
      name: 'fleet.plot_ms',
      value: warm.plot,
      unit: 'ms',
      ...reach('<=', 200, pods),
      context: 'its totals in steps of 5 min; median of 5',
    },
    {
      name: 'fleet.labels_ms',
      value: Math.max(warm.names, warm.pods, warm.services),
      unit: 'ms',
      reach: { op: '<=', value: 100 },
      context: `the slowest of names (${warm.names.toFixed(0)}), pods (${warm.pods.toFixed(0)}) and services (${warm.services.toFixed(0)}) over 30 days; medians of 5`,
    },
    {
      name: 'fleet.read_amplification',
      value: small.transfer.bytes / selected.touched,
      unit: '×',
      reach: { op: '<=', value: 3 },
      context: `${small.transfer.bytes} bytes in ${small.transfer.requests} requests for rows, sums and symbols of ${selected.touched} bytes (with bodies ${selected.all}), one small service, cold, ${small.ms.toFixed(0)} ms`,
    },
    {
      name: 'fleet.query_rss_mb',
      value: load.peakMb,
      unit: 'MiB',
      reach: { op: '<=', value: 512 },
      context: `the most that it had; ${clients} clients, ${load.answers} answers in ${loadMs / 1000} s, ${load.failures} failed; ${transferText(load.transfer)}`,
    },
    {
      name: 'fleet.query.requests',
      value: coldest.transfer.requests,
      unit: '',
      context: 'of the bucket, for the merge of the service when nothing is cached',
    },
  ]
}

type Ask = [path: string, parameters: Record<string, string>]

function asksOf(fleet: Fleet): Record<'merge' | 'plot' | 'small' | 'names' | 'pods' | 'services', Ask> {
  const { startMs, hours } = fleet.parameters
  const day = seconds(startMs, startMs + hours * hourMs - 1)
  const month = seconds(startMs - 29 * dayMs, startMs + dayMs - 1)
  const [large, small] = [fleet.pods[0]!, smallPod(fleet)]
  const of = (service: string) => `{service_name="${service}", profile_type="heap"}`
  return {
    merge: ['profile', { query: of(large.serviceName), ...day, format: 'flamegraph' }],
    plot: ['query_range', { query: of(large.serviceName), ...day, step: '5m' }],
    small: ['profile', { query: of(small.serviceName), ...day, format: 'flamegraph' }],
    names: ['labels', month],
    pods: ['label/pod/values', month],
    services: ['label/service_name/values', month],
  }
}

export function seconds(startMs: number, endMs: number): { start: string; end: string } {
  return { start: String(startMs / 1000), end: String(endMs / 1000) }
}

/** Of a program of the middle size where there are several. */
function smallPod(fleet: Fleet) {
  return fleet.pods.findLast(({ serviceName }) => serviceName !== fleet.pods[0]!.serviceName)!
}

export async function withFresh<Result>(
  { rig }: { readonly rig: BucketRig },
  use: (query: QueryProcess) => Promise<Result>,
): Promise<Result> {
  const query = await startQuery(rig)
  try {
    return await use(query)
  } finally {
    await query.stop()
  }
}

async function measured(query: QueryProcess, ask: () => Promise<{ readonly ms: number }>) {
  const before = await query.transfer()
  const { ms } = await ask()
  return { ms, transfer: difference(before, await query.transfer()) }
}

/** The median of five, after two that fill caches and compile. */
export async function warmMs(query: QueryProcess, ask: Ask): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 7; i++) {
    const { ms } = await query.ask(...ask)
    if (i >= 2) times.push(ms)
  }
  return times.sort((a, b) => a - b)[2]!
}

async function underLoad(query: QueryProcess, asks: readonly Ask[], say: (line: string) => void) {
  const before = await query.transfer()
  const endMs = performance.now() + loadMs
  let answers = 0
  let failures = 0
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let turn = client; performance.now() < endMs; turn++) {
        try {
          await query.ask(...asks[turn % asks.length]!)
          answers++
        } catch (error) {
          if (failures++ === 0) say(`under load: ${(error as Error).message}`)
          await sleep(100)
        }
      }
    }),
  )
  return { answers, failures, transfer: difference(before, await query.transfer()), peakMb: query.peakMb() }
}

/** What the small service's heap takes in the blocks of the day: without bodies, and with them. */
async function selectedBytes({ rig, fleet }: QueryFiguresOptions) {
  const day = new Date(fleet.parameters.startMs).toISOString().slice(0, 10)
  const name = smallPod(fleet).serviceName
  const matchers = [createMatcher('service_name', '=', name), createMatcher('profile_type', '=', 'heap')]
  let touched = 0
  let all = 0
  for await (const { key, sizeBytes } of rig.bucket.list(`blocks/${day}/`)) {
    let read = 0
    const source: ByteSource = {
      name: key,
      sizeBytes,
      read: (offset, length) => {
        read += length
        return rig.bucket.getRange(key, offset, length)
      },
    }
    const reader = await openBlock(source)
    const services = new Set<number>()
    for (const series of reader.select(matchers)) {
      const { rows, sums, totals, groups, service } = reader.entry(series)
      const summed = totals.length > 0 ? totals.length : sums.length
      touched += rows.length + summed
      all += rows.length + sums.length + totals.length
      for (const { body, kept } of groups) all += body.length + kept.length
      services.add(service)
    }
    const before = read
    for (const service of services) await reader.dictionary(service)
    touched += read - before
    all += read - before
  }
  return { touched, all }
}

function transferText({ requests, bytes }: Transfer): string {
  return `${requests} requests, ${(bytes / 2 ** 20).toFixed(1)} MiB from the bucket`
}

function reach(op: '>=' | '<=', value: number, pods: number): Pick<Figure, 'reach'> {
  // With fewer pods it would be easier.
  return pods >= 100 ? { reach: { op, value } } : {}
}

async function inTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) results.push(await work(item))
  return results
}
