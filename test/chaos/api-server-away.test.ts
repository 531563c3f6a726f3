// The API server is away for two minutes: everything is scraped as before, also by a collector that starts meanwhile.
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import type { Answer, CollectorsAnswer, ProfilesAnswer, TargetAnswer } from '../../query/api/types.ts'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { attemptsSince } from '../cluster/support/conprof-release.ts'
import { gaps, overlaps, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import { until } from '../support/until.ts'
import { containerPid } from './support/container-pid.ts'
import { installRelease, intervalMs } from './support/installed-release.ts'
import { loopOf, spreadTargets } from './support/spread-targets.ts'
import { lostAttempts, untilWholeAnswer } from './support/told-attempts.ts'

const namespace = 'api-server-away'
const cart = '{namespace="shop", workload="cart"}'
const pods = 6
const awayMs = 120_000
const victim = 'conprof-collector-1'

t.test('the API server is away for two minutes', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const { cluster, query } = await installRelease(
    t,
    namespace,
    { selfProfiling: { enabled: false }, collector: { replicas: 2 } },
    { pods, burn: 3, profiles: 'cpu,heap' },
  )
  const { mustKubectl, node } = cluster
  const startMs = Date.now()
  t.teardown(async () => {
    if ((await node.pid('apiserver')) === undefined) await node.start('apiserver')
    await until('the API server', async () => (await mustKubectl(['get', '--raw=/readyz'])) === 'ok', 90_000)
  })

  const address = async (selector: string) => {
    const path = '{.items[0].status.podIP}'
    return mustKubectl(['get', 'pods', `-n=${namespace}`, '-l', selector, `-o=jsonpath=${path}`])
  }
  const queryAddress = await address('app.kubernetes.io/component=query')

  /** As `askApi`, from inside the cluster's network: kubectl has no way to it now. */
  async function askInside<Data>(path: string, parameters: Record<string, string> = {}): Promise<Data> {
    const url = `http://${queryAddress}:8080/api/v1/${path}?${new URLSearchParams(parameters)}`
    const curl = [`--net=${node.place.netnsPath}`, 'curl', '--silent', '--max-time', '10', url]
    const { stdout } = await promisify(execFile)('nsenter', curl, { maxBuffer: 64 << 20 })
    const answer = JSON.parse(stdout) as Answer<Data>
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
    return answer.data
  }
  const scrapedSince = async (sinceMs: number) => {
    const start = new Date(sinceMs).toISOString()
    const { profiles } = await askInside<ProfilesAnswer>('profiles', { query: cart, start, limit: '1000' })
    return scrapeLoops(profiles).length
  }

  let targets: TargetAnswer[] = []
  await steps.step('two collectors scrape', async () => {
    targets = await spreadTargets(cluster, query, { pods, profileTypes: 2, collectors: 2 })
  })
  const victimPid = await containerPid(cluster, namespace, victim)
  const before = await untilWholeAnswer(query, startMs, cart)

  let stoppedMs = 0
  await steps.step('scraping and answers go on', async (t) => {
    await node.stop('apiserver')
    stoppedMs = Date.now()
    for (let seconds = 30; seconds <= 60; seconds += 30) {
      const sinceMs = Date.now()
      await until(
        'everything to be scraped again',
        async () => (await scrapedSince(sinceMs)) === targets.length,
      )
      await sleep(stoppedMs + seconds * 1000 - Date.now())
    }
    t.equal(await mustKubectl(['get', '--raw=/readyz']).catch(() => 'away'), 'away')
  })

  await steps.step('a collector that is killed begins with what is on its disk', async (t) => {
    process.kill(victimPid, 'SIGKILL')
    const killedMs = Date.now()
    await until(
      'everything to be scraped again',
      async () => (await scrapedSince(killedMs)) === targets.length,
      45_000,
    )
    const { collectors } = await askInside<CollectorsAnswer>('status/collectors')
    t.same(
      collectors.map(({ reachable }) => reachable),
      [true, true],
    )
    await sleep(stoppedMs + awayMs - Date.now())
    const lastMs = Date.now()
    await until('everything to be scraped again', async () => (await scrapedSince(lastMs)) === targets.length)
    t.equal(await mustKubectl(['get', '--raw=/readyz']).catch(() => 'away'), 'away')
  })

  await steps.step('it comes back, and what is new is scraped', async () => {
    await node.start('apiserver')
    await until('the API server', async () => (await mustKubectl(['get', '--raw=/readyz'])) === 'ok', 90_000)
    await mustKubectl(['scale', 'deployment/cart', '-n=shop', `--replicas=${targets.length / 2 + 1}`])
    const againMs = Date.now()
    await until(
      'the new pod to be scraped',
      async () => {
        const attempts = await attemptsSince(await query.url(), cart, againMs)
        return scrapeLoops(attempts).length === targets.length + 2
      },
      120_000,
    )
  })

  await steps.step('nothing is missing, nothing is doubled', async (t) => {
    const endMs = Date.now()
    const attempts = await untilWholeAnswer(query, startMs, cart)
    t.same(lostAttempts(before, attempts), [])
    const history = scrapeLoops(attempts)
    t.same(overlaps(history), [])
    const lasting = new Set(targets.map(loopOf))
    const during = history.filter(({ target }) => lasting.has(target)).flatMap(({ attempts }) => attempts)
    t.same(
      during.filter(({ time, health }) => time > stoppedMs - intervalMs && health !== 'ok'),
      [],
    )
    const theirs = new Set(targets.filter(({ collector }) => collector === victim).map(loopOf))
    const [killed, others] = [true, false].map((isTheirs) =>
      history.filter(({ target }) => theirs.has(target) === isTheirs),
    )
    t.same(gaps(others!, { intervalMs, slots: 0, untilMs: endMs }), [])
    // It starts, asks the API server for five seconds, and then takes what is on its disk.
    t.same(gaps(killed!, { intervalMs, slots: 3, untilMs: endMs }), [])
  })
})
