// The API server is away for two minutes: everything is scraped as before, also by a collector that starts meanwhile.
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import type { Answer, CollectorsAnswer, ProfilesAnswer, TargetAnswer } from '../../query/api/types.ts'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { attemptsSince } from '../cluster/support/conprof-release.ts'
import { eventually } from '../cluster/support/eventually.ts'
import { gaps, overlaps, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import { containerPid } from './support/container-pid.ts'
import { installRelease } from './support/installed-release.ts'
import { loopOf, spreadTargets } from './support/spread-targets.ts'
import { lostAttempts, untilWholeAnswer } from './support/told-attempts.ts'

const namespace = 'api-server-away'
const cart = '{namespace="shop", workload="cart"}'
const pods = 6
/** Longer than a collector takes to scrape again, also on a busy machine: 5 s of asking and the kubelet's restart. */
const intervalMs = 40_000
const awayMs = 120_000
const victim = 'conprof-collector-1'

t.test('the API server is away for two minutes', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const { cluster, query } = await installRelease(
    t,
    namespace,
    {
      defaultInterval: `${intervalMs / 1000}s`,
      selfProfiling: { enabled: false },
      collector: { replicas: 2 },
    },
    { pods, burn: 3, profiles: 'cpu,heap', timeout: '20s' },
  )
  const { mustKubectl, node } = cluster
  const startMs = Date.now()
  const untilReady = () =>
    eventually('the API server', async () => (await mustKubectl(['get', '--raw=/readyz'])) === 'ok')
  t.teardown(async () => {
    if ((await node.pid('apiserver')) === undefined) await node.start('apiserver')
    await untilReady()
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
  const untilScraped = (count: number) => {
    const sinceMs = Date.now()
    return eventually('everything to be scraped again', async () => (await scrapedSince(sinceMs)) === count)
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
    do await untilScraped(targets.length)
    while (Date.now() < stoppedMs + awayMs / 3)
    t.equal(await mustKubectl(['get', '--raw=/readyz']).catch(() => 'away'), 'away')
  })

  await steps.step('a collector that is killed begins with what is on its disk', async (t) => {
    process.kill(victimPid, 'SIGKILL')
    await untilScraped(targets.length)
    await eventually('both collectors to answer', async () => {
      const { collectors } = await askInside<CollectorsAnswer>('status/collectors')
      return collectors.length === 2 && collectors.every(({ reachable }) => reachable)
    })
    await sleep(Math.max(0, stoppedMs + awayMs - Date.now()))
    await untilScraped(targets.length)
    t.equal(await mustKubectl(['get', '--raw=/readyz']).catch(() => 'away'), 'away')
  })

  await steps.step('it comes back, and what is new is scraped', async () => {
    await node.start('apiserver')
    await untilReady()
    await mustKubectl(['scale', 'deployment/cart', '-n=shop', `--replicas=${targets.length / 2 + 1}`])
    const againMs = Date.now()
    await eventually('the new pod to be scraped', async () => {
      const attempts = await attemptsSince(await query.url(), cart, againMs)
      return scrapeLoops(attempts).length === targets.length + 2
    })
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
    t.same(gaps(killed!, { intervalMs, slots: 1, untilMs: endMs }), [])
  })
})
