import { formatTable } from '../../../cli/table.ts'
import type { BucketRig } from './bucket-rig.ts'
import { compactFleet } from './compact-folder.ts'
import { dayMs, type FleetParameters, hourMs } from './fleet-plan.ts'
import { type Fleet, type MakeFleetOptions, makeFleet } from './make-fleet.ts'
import { seconds, warmMs, withFresh } from './query-figures.ts'

type Say = (line: string) => void

function sayTable(
  say: Say,
  title: string,
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  say(title)
  for (const line of formatTable(titles, rows).trimEnd().split('\n')) say(line)
}

/** Bytes and CPU for services of one pod each: everything of theirs grows with them. */
export async function growthWithTargets(base: FleetParameters, options: MakeFleetOptions): Promise<void> {
  const rows: string[][] = []
  for (const services of [3, 6, 12]) {
    const { program } = base.service
    const fleet = await makeFleet(
      { ...base, noise: 'pod', hours: 4, service: { program, pods: 1, wholePods: 1 }, others: services - 1 },
      options,
    )
    const { sizes, compactSeconds, verifySeconds, peakMb } = await compactFleet(fleet)
    const cut = fleet.blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    rows.push([
      String(services),
      String(fleet.profiles),
      String(cut),
      String(sizes.all),
      (((fleet.appendSeconds + fleet.encodeSeconds) * 1000) / fleet.profiles).toFixed(2),
      (((compactSeconds + verifySeconds) * 1000) / fleet.profiles).toFixed(2),
      peakMb.toFixed(0),
    ])
  }
  sayTable(
    options.say,
    'with targets (each a service of its own; heap, goroutine and CPU for 4 h):',
    [
      ' targets',
      ' profiles',
      ' cut bytes',
      ' stored bytes',
      ' collector ms each',
      ' compactor ms each',
      ' compactor MiB',
    ],
    rows,
  )
}

/** A merge of some of the large service's pods, warm. */
export async function growthWithPods(rig: BucketRig, fleet: Fleet, say: Say): Promise<void> {
  const { startMs, hours } = fleet.parameters
  const range = seconds(startMs, startMs + hours * hourMs - 1)
  const large = fleet.pods.filter(({ serviceName }) => serviceName === fleet.pods[0]!.serviceName)
  await withFresh({ rig }, async (query) => {
    const rows: string[][] = []
    for (const count of [1, 10, 100].filter((size) => size <= large.length)) {
      const names = large.slice(0, count).flatMap(({ lives }) => lives.map(({ labels }) => labels['pod']))
      const selector = `{service_name="${large[0]!.serviceName}", profile_type="heap", pod=~"${names.join('|')}"}`
      const merge = await warmMs(query, ['profile', { query: selector, ...range, format: 'flamegraph' }])
      const plot = await warmMs(query, ['query_range', { query: selector, ...range, step: '5m' }])
      rows.push([String(count), String(names.length), merge.toFixed(0), plot.toFixed(0)])
    }
    sayTable(
      say,
      `with pods of a service (heap, ${hours} h, warm):`,
      [' pods', ' series', ' merge ms', ' plot ms'],
      rows,
    )
  })
}

/** Labels and a plot over more and more days of small blocks, warm. */
export async function growthWithDays(rig: BucketRig, fleet: Fleet, say: Say): Promise<void> {
  const endMs = fleet.parameters.startMs + dayMs - 1
  await withFresh({ rig }, async (query) => {
    const rows: string[][] = []
    for (const days of [7, 15, 30]) {
      const range = seconds(endMs + 1 - days * dayMs, endMs)
      const selector = '{workload="small-00", profile_type="heap"}'
      rows.push([
        String(days),
        (await warmMs(query, ['labels', range])).toFixed(1),
        (await warmMs(query, ['label/pod/values', range])).toFixed(1),
        (await warmMs(query, ['query_range', { query: selector, ...range, step: '1h' }])).toFixed(1),
      ])
    }
    sayTable(say, 'with days (a block a day, warm):', [' days', ' names ms', ' pods ms', ' plot ms'], rows)
  })
}
