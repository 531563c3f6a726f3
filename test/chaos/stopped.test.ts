// A collector that stands still and goes on: its targets are others' meanwhile, and nobody scrapes them twice.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { ProfileItem, TargetAnswer } from '../../query/api/types.ts'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { attemptsSince } from '../cluster/support/conprof-release.ts'
import { eventually } from '../cluster/support/eventually.ts'
import { PortForward } from '../cluster/support/port-forward.ts'
import { gaps, overlaps, type ScrapeLoop, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import { until } from '../support/until.ts'
import { containerPid } from './support/container-pid.ts'
import { installRelease, intervalMs } from './support/installed-release.ts'
import { Metrics } from './support/metrics.ts'
import { cartTargets, collectorsOf, loopOf, spreadTargets } from './support/spread-targets.ts'
import { lostAttempts, untilWholeAnswer } from './support/told-attempts.ts'

const namespace = 'stopped'
const cart = '{namespace="shop", workload="cart"}'
const collectors = ['conprof-collector-0', 'conprof-collector-1', 'conprof-collector-2']
const pods = 9
/** A move waits for 8 s, 5 s beyond the CPU profile: two slots may lie in them and in what news takes. */
const slotsOfMove = 2
const stopMs = 180_000
/** 13 s until its probe has failed twice, 45 s until it is taken for dead, 8 s of the move, and 10 s until a slot. */
const elsewhereWithinMs = 90_000

t.test('two of three collectors stand still for three minutes', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const { cluster, query } = await installRelease(
    t,
    namespace,
    {
      selfProfiling: { enabled: false },
      collector: { replicas: collectors.length },
    },
    { pods, burn: 2, profiles: 'cpu,heap' },
  )
  const { mustKubectl } = cluster
  const startMs = Date.now()

  const loopsSince = async (sinceMs: number) =>
    scrapeLoops(await attemptsSince(await query.url(), cart, sinceMs))

  await steps.step(
    'the kubelet would not let one of them stand still for so long: the last has no probe',
    async () => {
      // The others keep theirs.
      const rollingUpdate = { partition: 2 }
      const containers = [{ name: 'collector', livenessProbe: null }]
      const patch = JSON.stringify({
        spec: { updateStrategy: { rollingUpdate }, template: { spec: { containers } } },
      })
      await mustKubectl(['patch', 'statefulset', 'conprof-collector', `-n=${namespace}`, `--patch=${patch}`])
      const wait = ['rollout', 'status', 'statefulset/conprof-collector', `-n=${namespace}`, '--timeout=600s']
      await mustKubectl(wait)
    },
  )

  let before: TargetAnswer[] = []
  let spreadMs = 0
  await steps.step('each of them scrapes', async () => {
    const wanted = { pods, profileTypes: 2, collectors: collectors.length }
    before = await spreadTargets(cluster, query, wanted)
    spreadMs = Date.now()
  })

  let stoppedMs = 0
  const pids: number[] = []
  const stored = await untilWholeAnswer(query, startMs, cart)
  await steps.step('their targets are scraped elsewhere within 90 s', async (t) => {
    for (const pod of collectors.slice(1)) pids.push(await containerPid(cluster, namespace, pod))
    const theirs = before.filter(({ collector }) => collector !== collectors[0])
    t.ok(theirs.length >= 4, `${theirs.length} of ${before.length} targets`)
    // In the middle of a CPU profile.
    const cpu = await until('a CPU profile to begin', async () => {
      const all = await cartTargets(query)
      return all.find(
        ({ collector, profileType, nextScrape }) =>
          collector === collectors[2] && profileType === 'cpu' && nextScrape > Date.now(),
      )
    })
    await sleep(cpu.nextScrape + 1000 - Date.now())
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    stoppedMs = Date.now()
    const wanted = before.map(loopOf)
    // An answer may lack some: of each the first that any answer has.
    const firstMs = new Map<string, number>()
    await eventually('all of them to be scraped', async () => {
      for (const { target, attempts } of await loopsSince(stoppedMs))
        firstMs.set(target, Math.min(firstMs.get(target) ?? Infinity, attempts[0]!.time - stoppedMs))
      return wanted.every((target) => firstMs.has(target))
    })
    t.comment(`the last after ${Math.max(...wanted.map((target) => firstMs.get(target)!))} ms`)
    t.same(
      wanted.filter((target) => firstMs.get(target)! > elsewhereWithinMs),
      [],
    )
  })

  await steps.step('after three minutes they go on', async (t) => {
    await sleep(Math.max(0, stoppedMs + stopMs - Date.now()))
    for (const pid of pids)
      try {
        process.kill(pid, 'SIGCONT')
      } catch (error) {
        t.equal((error as NodeJS.ErrnoException).code, 'ESRCH')
      }
    await eventually('each of them to scrape again', async () => {
      const all = await cartTargets(query)
      return all.length === before.length && collectorsOf(all).length === collectors.length
    })
    const againMs = Date.now()
    await eventually('two intervals of that', async () => {
      const loops = await loopsSince(againMs)
      return loops.length === before.length && loops.every(({ attempts }) => attempts.length >= 2)
    })
  })

  await steps.step('nothing is doubled, nothing is lost', async (t) => {
    const attempts = await untilWholeAnswer(query, startMs, cart)
    t.same(lostAttempts(stored, attempts), [])
    const loops = scrapeLoops(attempts)
    t.equal(loops.length, before.length)
    t.same(overlaps(loops), [])
    // Busy is what the program says to whoever asks while somebody profiles it. It may be slow as well, but nothing is
    // said of a scrape in which its collector was frozen.
    const isWell = ({ time, health }: ProfileItem) =>
      health === 'ok' || (health === 'timeout' && time > stoppedMs)
    t.same(
      attempts.filter((attempt) => attempt.time > stoppedMs - 2 * intervalMs && !isWell(attempt)),
      [],
    )
    const within = (some: readonly ScrapeLoop[], isWithin: (time: number) => boolean): ScrapeLoop[] =>
      some.map(({ target, attempts }) => ({
        target,
        attempts: attempts.filter(({ time }) => isWithin(time)),
      }))
    const [spared, moved] = [true, false].map((isSpared) => {
      const theirs = before.filter(({ collector }) => (collector === collectors[0]) === isSpared)
      const names = new Set(theirs.map(loopOf))
      return loops.filter(({ target }) => names.has(target))
    })
    for (const [some, isWithin, slots] of [
      [loops, (time: number) => time > spreadMs && time <= stoppedMs, 1],
      [spared!, (time: number) => time > stoppedMs, 1],
      [moved!, (time: number) => time > stoppedMs, slotsOfMove],
    ] as const)
      t.same(gaps(within(some, isWithin), { intervalMs, slots }), [])
    const forward = await PortForward.open(t, cluster, {
      namespace,
      target: `pod/${collectors[2]}`,
      port: 8080,
    })
    const metrics = await until('its metrics', async () => Metrics.read(await forward.url()), 120_000)
    t.equal(metrics.sum('conprof_collector_frozen_total'), 1)
  })
})
