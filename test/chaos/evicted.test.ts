// A node runs short of memory, and its kubelet evicts a collector.
import t from 'tap'
import type { CollectorsAnswer, ProfileItem, TargetsAnswer } from '../../query/api/types.ts'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { answerSince, attemptsSince } from '../cluster/support/conprof-release.ts'
import { eventually } from '../cluster/support/eventually.ts'
import { gaps, overlaps, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import type { Cluster } from '../cluster/use-cluster.ts'
import { askApi } from '../support/ask-api.ts'
import { nodeMemory, restartKubelet } from './support/eviction-threshold.ts'
import { installRelease } from './support/installed-release.ts'
import { spreadTargets } from './support/spread-targets.ts'
import { lostAttempts, untilWholeAnswer } from './support/told-attempts.ts'

const namespace = 'evicted'
const evicted = 'conprof-collector-1'
const spared = 'conprof-collector-0'
const cart = '{namespace="shop", workload="cart"}'
const pods = 6
/** A move waits for 8 s, 5 s beyond the CPU profile: with what news takes that is one slot. */
const intervalMs = 20_000
/** The kubelet ends none of these, however short memory is. */
const priorityClassName = 'system-cluster-critical'
/** Little enough for a node to which the threshold leaves little. */
const resources = { requests: { cpu: '10m', memory: '32Mi' } }

t.test('a collector is evicted', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const { cluster, query } = await installRelease(
    t,
    namespace,
    {
      defaultInterval: `${intervalMs / 1000}s`,
      selfProfiling: { enabled: false },
      operator: { priorityClassName, resources },
      collector: { priorityClassName, resources },
      query: { priorityClassName, resources },
      compact: { priorityClassName, resources },
    },
    { pods, burn: 5, profiles: 'cpu,heap', timeout: '20s', priorityClassName },
  )
  const { mustKubectl } = cluster
  const startMs = Date.now()
  /** All that query ever answered with. */
  const told = new Map<string, ProfileItem>()
  const look = async () => {
    const attempts = await attemptsSince(await query.url(), cart, startMs)
    for (const attempt of attempts) told.set(attempt.id, attempt)
    return attempts
  }
  const claim = async () =>
    mustKubectl(['get', 'pvc', `data-${evicted}`, `-n=${namespace}`, '-o=jsonpath={.spec.volumeName}'])

  /** As many as it takes for both collectors to have some. */
  let spreadPods = pods
  await steps.step('two collectors scrape, one of them without a request for memory', async () => {
    const s3 = JSON.stringify({ spec: { template: { spec: { priorityClassName } } } })
    await mustKubectl(['patch', 'deployment/s3', '-n=s3', `--patch=${s3}`])
    await mustKubectl(['rollout', 'status', 'deployment/s3', '-n=s3', '--timeout=300s'])
    const template = {
      spec: { priorityClassName: null, containers: [{ name: 'collector', resources: null }] },
    }
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }
    const patch = JSON.stringify({ spec: { replicas: 2, updateStrategy, template } })
    const statefulSet = ['statefulset/conprof-collector', `-n=${namespace}`]
    await mustKubectl(['patch', ...statefulSet, `--patch=${patch}`])
    await mustKubectl(['rollout', 'status', ...statefulSet, '--timeout=300s'])
    const targets = await spreadTargets(cluster, query, { pods, profileTypes: 2, collectors: 2 })
    spreadPods = targets.length / 2
    const sinceMs = Date.now()
    await eventually('two intervals of that', async () =>
      (await look()).some(({ time }) => time > sinceMs + 2 * intervalMs),
    )
  })

  const volume = await claim()
  const owners = await untilBothScrape(await query.url(), spreadPods)
  let evictedMs = 0
  let elsewhereMs = 0
  t.teardown(() => restartKubelet(cluster))
  await steps.step('the kubelet evicts that one, and nobody else', async () => {
    const { availableBytes, workingSetBytes } = await nodeMemory(cluster)
    // Whatever other programs of this machine give back meanwhile, it stays too little.
    const threshold = Math.ceil((availableBytes + workingSetBytes / 2) / 2 ** 20)
    await restartKubelet(cluster, `${threshold}Mi`)
    await eventually(`"${evicted}" to be evicted`, async () => {
      await look()
      return (await evictions(cluster)).includes(evicted)
    })
    evictedMs = Date.now()
  })

  await steps.step('its targets are scraped elsewhere', async (t) => {
    await eventually('every pod to be scraped by the other collector', async () => {
      await look()
      const { data } = await askApi<TargetsAnswer>(await query.url(), 'targets')
      const scraped = data.activeTargets.filter(
        ({ collector, lastScrape }) => collector === spared && lastScrape > evictedMs,
      )
      return new Set(scraped.map(({ labels }) => labels['pod'])).size === owners.size
    })
    elsewhereMs = Date.now()
    t.comment(`${((elsewhereMs - evictedMs) / 1000).toFixed(1)} s after it was evicted`)
    const saysWhich = /^collector conprof-collector-1 is missing from this answer: /
    const attempts = await eventually('an answer that lacks nothing but that one', async () => {
      const { attempts, warnings } = await answerSince(await query.url(), cart, startMs)
      if (warnings.length === 1 && saysWhich.test(warnings[0]!)) return attempts
      throw new Error(`${warnings.length} warnings: ${warnings.join('; ')}`)
    })
    // What it could not bring to the bucket before it was killed is on its volume alone: query cannot know.
    const lacking = lostAttempts([...told.values()], attempts)
    t.comment(`${lacking.length} of ${told.size} attempts are on its volume alone`)
    t.same([...new Set(await evictions(cluster))], [evicted])
    const phase = ['get', 'pod', evicted, `-n=${namespace}`, '-o=jsonpath={.status.phase}']
    await eventually(
      'a node that is short of memory not to take it back',
      async () => (await mustKubectl(phase)) === 'Pending',
    )
  })

  await steps.step('the node recovers, and the collector is back with its volume', async (t) => {
    await restartKubelet(cluster)
    const ready = ['wait', `pod/${evicted}`, `-n=${namespace}`, '--for=condition=Ready', '--timeout=5s']
    await eventually(`"${evicted}" to be ready`, () => mustKubectl(ready))
    t.equal(await claim(), volume)
    await untilBothScrape(await query.url(), spreadPods)
    const sinceMs = Date.now()
    await eventually('two intervals of that', async () =>
      (await look()).some(({ time }) => time > sinceMs + 2 * intervalMs),
    )
  })

  await steps.step('nothing is lost, and nothing is there twice', async (t) => {
    await eventually('all collectors to answer', async () => {
      const { data } = await askApi<CollectorsAnswer>(await query.url(), 'status/collectors')
      return data.collectors.every(({ reachable, isReplayed }) => reachable && isReplayed)
    })
    const attempts = await untilWholeAnswer(query, startMs, cart)
    t.same(lostAttempts([...told.values()], attempts), [], `all of ${told.size} that were answered once`)
    t.same(overlaps(scrapeLoops(attempts)), [])
    const isMoved = ({ labels }: ProfileItem) => owners.get(labels['pod']!) === evicted
    const moved = scrapeLoops(attempts.filter(isMoved))
    // 45 s until it is taken for dead, 8 s of the move, and an interval until a slot.
    t.same(gaps(moved, { intervalMs, slots: 90_000 / intervalMs - 1.5 }), [], 'elsewhere within 90 s')
    for (const [when, some] of [
      ['what the other collector scraped', attempts.filter((attempt) => !isMoved(attempt))],
      ['before', attempts.filter(({ time }) => time <= evictedMs)],
      // The kubelet tells of an eviction before it carries it out: a last scrape may come between.
      ['afterwards', attempts.filter(({ time }) => time > elsewhereMs)],
    ] as const)
      t.same(gaps(scrapeLoops(some), { intervalMs, slots: 1 }), [], when)
  })
})

/** By the names of pods that are scraped, their collectors; resolves once each collector has some. */
async function untilBothScrape(url: string, pods: number): Promise<ReadonlyMap<string, string>> {
  return eventually('both collectors to scrape', async () => {
    const { data } = await askApi<TargetsAnswer>(url, 'targets')
    const owners = new Map(
      data.activeTargets.map(({ labels, collector }) => [labels['pod']!, collector!] as const),
    )
    const collectors = new Set(owners.values())
    if (owners.size === pods && collectors.size === 2) return owners
    throw new Error(`${owners.size} of ${pods} pods are scraped, by ${[...collectors].join(' ')}`)
  })
}

/** The names of pods that were evicted. */
async function evictions({ mustKubectl }: Cluster): Promise<string[]> {
  const names = '-o=jsonpath={.items[*].involvedObject.name}'
  const events = ['get', 'events', '--all-namespaces', '--field-selector=reason=Evicted', names]
  return (await mustKubectl(events)).split(' ').filter(Boolean)
}
