// The image is rolled twice while conprof scrapes: back to an older version, and forth again.
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import type { BuildInfoAnswer, CollectorsAnswer, ProfileItem, TargetsAnswer } from '../../query/api/types.ts'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { olderConprofImage } from '../cluster/images/conprof-image.ts'
import { eventually } from '../cluster/support/eventually.ts'
import { gaps, overlaps, type ScrapeLoop, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import { askApi } from '../support/ask-api.ts'
import { until } from '../support/until.ts'
import { installRelease } from './support/installed-release.ts'
import { spreadTargets } from './support/spread-targets.ts'
import { untilWholeAnswer } from './support/told-attempts.ts'

const namespace = 'rolled'
const cart = '{namespace="shop", workload="cart"}'
const pods = 4
const rolls = 2
/** Longer than a pod takes to be replaced by another, also on a busy machine: no slot is missed but what that takes. */
const intervalMs = 45_000

t.test('the image is rolled twice', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const older = await olderConprofImage()
  const { cluster, release, s3, query } = await installRelease(
    t,
    namespace,
    {
      selfProfiling: { enabled: false },
      defaultInterval: `${intervalMs / 1000}s`,
      collector: { replicas: 2, extraArgs: ['--block.duration=20s'] },
    },
    { pods, burn: 5, profiles: 'cpu,heap', timeout: '20s' },
  )
  await cluster.load(async () => [older])
  const { mustKubectl } = cluster
  const startMs = Date.now()
  /** What was read of each profile when it was read first, by its id. */
  const bodies = new Map<string, string>()
  const revisions: string[] = []

  /** Both collectors scrape `count` pods for an interval; nothing has changed that was answered before. */
  const untilAllIsWell = async (t: Test, count: number) => {
    await eventually(`two collectors to scrape ${count} pods`, async () =>
      isScraped(await query.url(), count),
    )
    const sinceMs = Date.now()
    const attempts = await eventually('an interval of that', async () => {
      const attempts = await untilWholeAnswer(query, startMs, cart)
      return attempts.some(({ time }) => time > sinceMs + intervalMs) ? attempts : undefined
    })
    const found = new Set(attempts.map(({ id }) => id))
    t.same(
      [...bodies.keys()].filter((id) => !found.has(id)),
      [],
      `all of ${bodies.size} profiles are still listed`,
    )
    const changed: string[] = []
    for (const { id, hasBody } of attempts) {
      if (!hasBody) continue
      const body = await until(`profile ${id}`, async () => readProfile(await query.url(), id), 120_000)
      if ((bodies.get(id) ?? body) !== body) changed.push(id)
      bodies.set(id, body)
    }
    t.same(changed, [], `each of ${bodies.size} profiles has the bytes that it had`)
    const { data } = await until('its revision', async () =>
      askApi<BuildInfoAnswer>(await query.url(), 'status/buildinfo'),
    )
    revisions.push(data.revision)
    await untilVerified(t)
  }

  /** The program that runs now reads all blocks that the bucket has. */
  const untilVerified = async (t: Test) => {
    const config = '--objstore.config-file=/etc/conprof/bucket/objstore.yaml'
    const program = [
      'deployment/conprof-query',
      `-n=${namespace}`,
      '--',
      'conprof',
      'block',
      'verify',
      config,
    ]
    const lines = (await mustKubectl(['exec', ...program])).trim().split('\n')
    t.ok(lines.length > 0 && lines.every((line) => /: ok, \d+ profiles?,/.test(line)), lines.at(-1) ?? '')
  }

  /** A pod that comes while old and new versions of everything run is scraped as any other. */
  const roll = async (image: string | undefined, replicas: number) => {
    await Promise.all([
      release.upgrade({}, image),
      mustKubectl(['scale', 'deployment/cart', '-n=shop', `--replicas=${replicas}`]),
    ])
    const images = ['get', 'pods', `-n=${namespace}`, '-o=jsonpath={.items[*].spec.containers[*].image}']
    await eventually('all pods of the other version to be gone', async () => {
      const found = new Set((await mustKubectl(images)).split(' '))
      return found.size === 1 && found.has(older.name) === (image === older.name)
    })
  }

  /** As many as it takes for both collectors to have some. */
  let spreadPods = pods
  await steps.step('this version', async (t) => {
    const targets = await spreadTargets(cluster, query, { pods, profileTypes: 2, collectors: 2 })
    spreadPods = targets.length / 2
    await untilAllIsWell(t, spreadPods)
    const blocks = (await s3.keys()).filter((key) => key.endsWith('.block'))
    t.ok(blocks.length > 0, `${blocks.length} blocks`)
  })

  await steps.step('back to the older one', async (t) => {
    await roll(older.name, spreadPods + 1)
    await untilAllIsWell(t, spreadPods + 1)
  })

  await steps.step('forth again', async (t) => {
    await roll(undefined, spreadPods + 2)
    await untilAllIsWell(t, spreadPods + 2)
    const [first, second, third] = revisions
    t.not(first, second)
    t.equal(first, third)
  })

  await steps.step('no scrape is doubled, and each roll costs a loop at most one', async (t) => {
    const attempts = await untilWholeAnswer(query, startMs, cart)
    const loops = scrapeLoops(attempts)
    t.equal(loops.length, 2 * (spreadPods + 2), 'CPU and heap of each pod')
    t.same(overlaps(loops), [])
    t.same(gaps(loops, { intervalMs, slots: 1 }), [])
    t.same(
      loops.filter((loop) => missed(loop) > rolls).map((loop) => `${loop.target}: ${missed(loop)} missed`),
      [],
    )
    t.same(attempts.filter(isFailed), [])
  })
})

async function isScraped(url: string, count: number): Promise<boolean> {
  const { data: status } = await askApi<CollectorsAnswer>(url, 'status/collectors')
  const isWell = status.collectors.filter(({ reachable, isReplayed }) => reachable && isReplayed).length === 2
  const { data } = await askApi<TargetsAnswer>(url, 'targets')
  const scraped = data.activeTargets.filter(({ health }) => health === 'ok')
  return (
    isWell &&
    new Set(scraped.map(({ labels }) => labels['pod'])).size === count &&
    new Set(scraped.map(({ collector }) => collector)).size === 2
  )
}

/** A digest of its bytes. Rejects where there are none. */
async function readProfile(url: string, id: string): Promise<string> {
  const signal = AbortSignal.timeout(60_000)
  const response = await fetch(`${url}/api/v1/profile?${new URLSearchParams({ id })}`, { signal })
  const body = await response.bytes()
  if (!response.ok) throw new Error(`read profile ${id}: ${response.status}: ${Buffer.from(body)}`)
  return createHash('sha256').update(body).digest('hex')
}

/** How many attempts there would be between the first and the last that are not. */
function missed({ attempts }: ScrapeLoop): number {
  return Math.round((attempts.at(-1)!.time - attempts[0]!.time) / intervalMs) + 1 - attempts.length
}

function isFailed({ health }: ProfileItem): boolean {
  return health !== 'ok'
}
