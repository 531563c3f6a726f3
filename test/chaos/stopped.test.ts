// A collector that stands still and goes on: its targets are others' meanwhile, and nobody scrapes them twice.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { TargetAnswer } from '../../query/api/types.ts'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { attemptsSince } from '../cluster/support/conprof-release.ts'
import { PortForward } from '../cluster/support/port-forward.ts'
import { gaps, overlaps, type ScrapeLoop, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import { until } from '../support/until.ts'
import { containerPid } from './support/container-pid.ts'
import { installRelease } from './support/installed-release.ts'
import { Metrics } from './support/metrics.ts'
import { cartTargets, collectorsOf, loopOf, spreadTargets } from './support/spread-targets.ts'
import { lostAttempts, untilWholeAnswer } from './support/told-attempts.ts'

const namespace = 'stopped'
const cart = '{namespace="shop", workload="cart"}'
const collectors = ['conprof-collector-0', 'conprof-collector-1', 'conprof-collector-2']
const pods = 9
/** More than what a move waits for, 5 s and the CPU profile's 3 s, by what news takes on a machine with two clusters. */
const intervalMs = 15_000
const stopMs = 180_000
const elsewhereWithinMs = 90_000

t.test('two of three collectors stand still for three minutes', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const { cluster, query } = await installRelease(
    t,
    namespace,
    {
      defaultInterval: `${intervalMs / 1000}s`,
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
      const wait = ['rollout', 'status', 'statefulset/conprof-collector', `-n=${namespace}`, '--timeout=180s']
      await mustKubectl(wait)
    },
  )

  let before: TargetAnswer[] = []
  await steps.step('each of them scrapes', async () => {
    const wanted = { pods, profileTypes: 2, collectors: collectors.length }
    before = await spreadTargets(cluster, query, wanted)
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
    const wanted = new Set(before.map(loopOf))
    await until(
      'all of them to be scraped',
      async () =>
        (await loopsSince(stoppedMs)).filter(({ target }) => wanted.has(target)).length === wanted.size,
      elsewhereWithinMs + 20_000,
    )
    const late = (await loopsSince(stoppedMs)).filter(
      ({ attempts }) => attempts[0]!.time > stoppedMs + elsewhereWithinMs,
    )
    t.same(
      late.map(({ target }) => target),
      [],
    )
    const firstMs = (await loopsSince(stoppedMs)).map(({ attempts }) => attempts[0]!.time - stoppedMs)
    t.comment(`the last after ${Math.max(...firstMs)} ms`)
  })

  await steps.step('after three minutes they go on', async (t) => {
    await sleep(stoppedMs + stopMs - Date.now())
    for (const pid of pids)
      try {
        process.kill(pid, 'SIGCONT')
      } catch (error) {
        t.equal((error as NodeJS.ErrnoException).code, 'ESRCH')
      }
    await until(
      'each of them to scrape again',
      async () => {
        const all = await cartTargets(query)
        return all.length === before.length && collectorsOf(all).length === collectors.length
      },
      120_000,
    )
    const againMs = Date.now()
    await until(
      'two intervals of that',
      async () => {
        const loops = await loopsSince(againMs)
        return loops.length === before.length && loops.every(({ attempts }) => attempts.length >= 2)
      },
      90_000,
    )
  })

  await steps.step('nothing is doubled, nothing is lost', async (t) => {
    const attempts = await untilWholeAnswer(query, startMs, cart)
    t.same(lostAttempts(stored, attempts), [])
    const loops = scrapeLoops(attempts)
    t.equal(loops.length, before.length)
    t.same(overlaps(loops), [])
    // What the program says to whoever asks while somebody profiles it.
    t.same(
      attempts.filter(({ time, health }) => time > stoppedMs - 2 * intervalMs && health !== 'ok'),
      [],
    )
    const within = (isWithin: (time: number) => boolean): ScrapeLoop[] =>
      loops.map(({ target, attempts }) => ({
        target,
        attempts: attempts.filter(({ time }) => isWithin(time)),
      }))
    t.same(
      gaps(
        within((time) => time <= stoppedMs),
        { intervalMs, slots: 1 },
      ),
      [],
    )
    t.same(
      gaps(
        within((time) => time > stoppedMs),
        { intervalMs, slots: 1 },
      ),
      [],
    )
    const forward = await PortForward.open(t, cluster, {
      namespace,
      target: `pod/${collectors[2]}`,
      port: 8080,
    })
    t.equal((await Metrics.read(await forward.url())).sum('conprof_collector_frozen_total'), 1)
  })
})
