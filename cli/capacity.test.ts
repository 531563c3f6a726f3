import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { runConprof } from '../test/support/conprof.ts'
import { type CapacityRequest, planCapacity } from './capacity.ts'
import { formatCapacityRow, formatCapacityValues } from './format-capacity.ts'

const request: CapacityRequest = {
  pods: 1000,
  services: 334,
  intervalMs: 60_000,
  profiles: ['heap', 'goroutine', 'cpu'],
  retentionMs: 90 * 86_400_000,
  zones: 3,
  outageMs: 86_400_000,
}

t.test('planCapacity() grows with what there is to do', async (t) => {
  const plan = planCapacity(request)
  t.equal(plan.profilesPerDay, 1000 * 1440 * 3)
  const twice = planCapacity({ ...request, pods: 2000, services: 668 })
  t.equal(twice.storage.bytesPerDay, plan.storage.bytesPerDay * 2)
  t.equal(twice.traffic.scrapedBytesPerDay, plan.traffic.scrapedBytesPerDay * 2)
  const slower = planCapacity({ ...request, intervalMs: 120_000 })
  t.equal(slower.traffic.scrapedBytesPerDay, plan.traffic.scrapedBytesPerDay / 2)
  t.ok(slower.storage.bytesPerDay > plan.storage.bytesPerDay / 2, 'symbols are paid whatever the interval')
  const heapAlone = planCapacity({ ...request, profiles: ['heap'] })
  t.ok(heapAlone.storage.bytesPerDay < plan.storage.bytesPerDay)
  const unknown = planCapacity({ ...request, profiles: ['fgprof'] })
  t.equal(unknown.traffic.scrapedBytesPerDay, heapAlone.traffic.scrapedBytesPerDay)
})

t.test('planCapacity() keeps what retention says, a year where it says nothing', async (t) => {
  const days = (retentionMs: number) => {
    const { storage } = planCapacity({ ...request, retentionMs })
    return Math.round(storage.totalBytes / storage.bytesPerDay)
  }
  t.ok(days(86_400_000) >= 1)
  t.equal(days(30 * 86_400_000) - days(0), 30 - 365)
})

t.test(
  'planCapacity() gives collectors room for an outage, and crosses zones as often as targets do',
  async (t) => {
    const disk = (outageMs: number) => collectorOf(planCapacity({ ...request, outageMs })).diskBytes
    t.ok(disk(2 * 86_400_000) > disk(86_400_000))
    const { traffic } = planCapacity({ ...request, zones: 1 })
    t.equal(traffic.crossZoneBytesPerDay, 0)
    const three = planCapacity(request).traffic
    t.equal(Math.round((three.crossZoneBytesPerDay / three.scrapedBytesPerDay) * 3), 2)
  },
)

t.test('planCapacity() has as many collectors as keep their cuts few', async (t) => {
  for (const pods of [1, 10, 100, 1000, 10_000, 100_000]) {
    const plan = planCapacity({ ...request, pods, services: Math.ceil(pods / 3) })
    const { replicas } = collectorOf(plan)
    t.ok(replicas >= 1 && replicas <= pods)
    t.ok(pods / replicas <= 1000)
    t.ok(plan.requests.perCollectorHour <= 10, `${plan.requests.perCollectorHour} with ${pods}`)
  }
  const large = { ...request, pods: 3000, services: 1 }
  t.ok(collectorOf(planCapacity(large)).replicas >= 3)
})

t.test('formatCapacityValues() names values that the chart has', async (t) => {
  const chart = parse(readFileSync(new URL('../charts/conprof/values.yaml', import.meta.url), 'utf8'))
  const values = parse(formatCapacityValues(planCapacity(request)))
  const missing = (part: unknown, whole: unknown, path: string): string[] => {
    if (typeof part !== 'object' || part === null) return []
    return Object.entries(part).flatMap(([key, value]) => {
      const inside = (whole as Record<string, unknown> | undefined)?.[key]
      return inside === undefined ? [`${path}${key}`] : missing(value, inside, `${path}${key}.`)
    })
  }
  t.same(missing(values, chart, ''), [])
  t.equal(values.collector.replicas, collectorOf(planCapacity(request)).replicas)
  t.match(values.collector.persistence.size, /^\d+Gi$/)
})

t.test('docs/operating.md has the rows of the command', async (t) => {
  const page = readFileSync(new URL('../docs/operating.md', import.meta.url), 'utf8')
  for (const pods of [100, 1000, 10_000]) {
    const row = formatCapacityRow(planCapacity({ ...request, pods, services: Math.ceil(pods / 3) }))
    t.ok(page.includes(`${row}\n`), `want in docs/operating.md: ${row}`)
  }
})

t.test('conprof check capacity prints a table, numbers, or values', async (t) => {
  const table = await runConprof(['check', 'capacity', '--pods', '1000'])
  t.equal(table.code, 0, table.stderr)
  t.match(
    table.stdout,
    /^1000 pods of 334 services, heap, goroutine, cpu every 1m: 4,320,000 profiles a day\n/,
  )
  t.match(table.stdout, /^collector +\d+ +\d+m +\d+Mi +\d+Gi$/m)
  const json = await runConprof(['check', 'capacity', '--pods', '1000', '--json'])
  t.same(JSON.parse(json.stdout), JSON.parse(JSON.stringify(planCapacity(request))))
  const values = await runConprof(['check', 'capacity', '--pods', '1000', '--retention', '30d', '--values'])
  t.equal(parse(values.stdout).retention.time, '30d')
  const wrong = await runConprof(['check', 'capacity', '--pods', 'many'])
  t.not(wrong.code, 0)
  t.match(wrong.stderr, '"many": want a whole number from 1')
})

function collectorOf({ components }: ReturnType<typeof planCapacity>) {
  return components.find(({ name }) => name === 'collector')!
}
