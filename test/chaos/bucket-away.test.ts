// A bucket that is away, and one that answers 403: nothing is lost, all of it is answered, and it goes up by itself.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { BlocksAnswer, ProfileItem, TopAnswer } from '../../query/api/types.ts'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { eventually } from '../cluster/support/eventually.ts'
import { PortForward } from '../cluster/support/port-forward.ts'
import { gaps, overlaps, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import { askApi } from '../support/ask-api.ts'
import { installRelease } from './support/installed-release.ts'
import { Metrics } from './support/metrics.ts'
import { readStoredBlocks } from './support/stored-blocks.ts'
import { untilWholeAnswer } from './support/told-attempts.ts'
import { Witness } from './support/witness.ts'

const namespace = 'bucket-away'
/** So long that one which comes half an interval late, on a busy machine, is not missing. */
const intervalMs = 30_000
const minuteMs = 60_000
const mib = 2 ** 20
/** Two minutes and some more. */
const outageMs = 130_000
const wantedCuts = 30
/** Seldom enough that who is watched does not come to be late by it. */
const lookEveryMs = 1000
/** Between attempts to upload there is a minute, half as long again at most. */
const uploadBeginsWithinMs = 120_000

/** For so long query knows what is in the bucket, and lacks nothing: what came since waits with the collector. */
const listingKeptMs = 35_000

/** One look at the collector. */
interface Look {
  readonly rssBytes: number
  /** Of V8's heap and beside it, with what is garbage by now. */
  readonly usedBytes: number
}

t.test('the bucket is away, and then answers 403', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const { cluster, s3, query } = await installRelease(
    t,
    namespace,
    { collector: { extraArgs: ['--block.duration=2s'] }, defaultInterval: `${intervalMs / 1000}s` },
    { pods: 4, burn: 5, timeout: '20s' },
  )
  const collector = await PortForward.open(t, cluster, {
    namespace,
    target: 'pod/conprof-collector-0',
    port: 8080,
  })
  const metrics = () => eventually("the collector's metrics", async () => Metrics.read(await collector.url()))
  const startMs = Date.now()
  const witness = new Witness(query, startMs)
  /** Names of blocks that are on the collector's disk, since `sinceMs`, where there are as many as are wanted. */
  const untilWaiting = (sinceMs: number) =>
    eventually(`${wantedCuts} blocks that wait`, async () => {
      const parameters = { start: new Date(sinceMs).toISOString(), end: 'now' }
      const { data } = await askApi<BlocksAnswer>(await query.url(), 'status/blocks', parameters)
      const waiting = data.blocks.filter(({ place }) => place === 'pending').map(({ name }) => name)
      if (waiting.length < wantedCuts) throw new Error(`${waiting.length} wait`)
      return waiting.map((name) => name.slice(name.lastIndexOf('/') + 1))
    })

  /**
   * Everything since `sinceMs`, of which no block was in the bucket when that went away; resolves once an answer lacks
   * nothing but the bucket: that another program was too busy for us says nothing of what it has.
   */
  function untilToldWithout(t: Test, sinceMs: number, why: RegExp): Promise<readonly ProfileItem[]> {
    return eventually('an answer that lacks nothing but the bucket', async () => {
      const askedMs = Date.now()
      const { attempts, warnings, lost } = await witness.ask(sinceMs)
      const isTrue = (warning: string) => why.test(warning)
      if (!warnings.every(isTrue)) throw new Error(warnings.join('; '))
      if (warnings.length === 0 && askedMs > sinceMs + listingKeptMs)
        t.fail('no warning that the bucket is missing')
      if (lost.length > 0) t.same(lost, [], 'what was answered is answered still')
      const newestMs = Math.max(sinceMs, ...attempts.map(({ time }) => time))
      if (askedMs - newestMs > 2 * intervalMs) t.fail(`the newest is ${askedMs - newestMs} ms old`)
      return attempts
    })
  }

  await steps.step('blocks reach the bucket', async (t) => {
    await eventually('three blocks in the bucket', async () => (await s3.keys()).length >= 3)
    await eventually(
      'profiles of every pod',
      async () => scrapeLoops(await untilWholeAnswer(query, startMs, '{namespace="shop"}')).length === 12,
    )
    t.same((await witness.askUntilWhole()).lost, [])
  })

  async function outage(t: Test, code: 'UNAVAILABLE' | 'FORBIDDEN'): Promise<void> {
    const beganMs = Date.now()
    const before = await metrics()
    const cuts = (now: Metrics) =>
      now.sum('conprof_storage_blocks_cut_total') - before.sum('conprof_storage_blocks_cut_total')
    const failures = (now: Metrics, labels: Readonly<Record<string, string>>) =>
      now.sum('conprof_bucket_operation_failures_total', { operation: 'put', ...labels })
    const looks: Look[] = []
    let now = before
    let attempts: readonly ProfileItem[] = []
    while (Date.now() < beganMs + outageMs || cuts(now) < wantedCuts) {
      if (Date.now() > beganMs + 3 * outageMs) throw new Error(`${cuts(now)} cuts, want ${wantedCuts}`)
      for (let look = 0; look < 5; look++) {
        now = await metrics()
        looks.push({
          rssBytes: now.sum('process_resident_memory_bytes'),
          usedBytes: now.sum('nodejs_heap_size_used_bytes') + now.sum('nodejs_external_memory_bytes'),
        })
        await sleep(lookEveryMs)
      }
      attempts = await untilToldWithout(t, beganMs, saysWhy[code])
    }
    const endMs = Date.now()
    t.comment(`${cuts(now)} cuts in ${endMs - beganMs} ms`)

    const stored = attempts.filter(({ hasBody }) => hasBody)
    for (let fromMs = beganMs; fromMs + minuteMs <= endMs; fromMs += minuteMs) {
      const within = stored.filter(({ time }) => time >= fromMs && time < fromMs + minuteMs)
      t.ok(
        within.length >= 12,
        `${within.length} profiles in the minute from ${new Date(fromMs).toISOString()}`,
      )
    }
    await assertMerged(t, stored, { beganMs, endMs, why: saysWhy[code] })
    now = await metrics()

    const grew = now.sum('conprof_storage_pending_bytes') - before.sum('conprof_storage_pending_bytes')
    t.ok(grew > 0, `${grew} bytes more wait`)
    t.ok(now.sum('conprof_storage_pending_blocks') >= wantedCuts)
    t.ok(now.sum('conprof_collector_oldest_pending_block_seconds') > (outageMs - intervalMs) / 1000)
    t.ok(failures(now, { code }) > failures(before, { code }), `puts failed with ${code}`)
    assertFlat(t, looks)
  }

  /** What waits on the collector's disk can be merged as well as listed. */
  async function assertMerged(
    t: Test,
    stored: readonly ProfileItem[],
    range: { readonly beganMs: number; readonly endMs: number; readonly why: RegExp },
  ): Promise<void> {
    const selector = '{namespace="shop", workload="cart", profile_type="cpu"}'
    const endMs = range.endMs - 2 * intervalMs
    const cpu = stored.filter(({ time, labels }) => isCartCpu(labels) && time <= endMs)
    const total = cpu
      .flatMap(({ totals }) => totals.filter(({ type }) => type === 'cpu'))
      .reduce((sum, { value }) => sum + BigInt(value), 0n)
    const [start, end] = [range.beganMs, endMs].map((timeMs) => new Date(timeMs).toISOString())
    const parameters = { query: selector, start: start!, end: end!, format: 'top' }
    const data = await eventually('a profile that lacks nothing but the bucket', async () => {
      const { data, warnings } = await askApi<TopAnswer>(await query.url(), 'profile', parameters)
      const others = warnings.filter((warning) => !range.why.test(warning))
      if (others.length > 0) throw new Error(others.join('; '))
      return data
    })
    t.equal(data.profiles, cpu.length)
    t.equal(data.total, String(total), `CPU of ${cpu.length} profiles`)
    t.match(data.functions[0], { name: 'main.hashPrices' })
  }

  /** `waiting` is what waited before the bucket was back. */
  async function untilUploaded(t: Test, waiting: readonly string[]): Promise<void> {
    const backMs = Date.now()
    let beginsMs = 0
    await eventually('all that waited to be in the bucket', async () => {
      const stored = new Set((await s3.keys()).map((key) => key.slice(key.lastIndexOf('/') + 1)))
      const count = waiting.filter((name) => stored.has(name)).length
      if (count > 0 && beginsMs === 0) beginsMs = Date.now()
      return count === waiting.length
    })
    t.ok(beginsMs - backMs < uploadBeginsWithinMs, `${beginsMs - backMs} ms until the bucket had one`)
    t.comment(`${Date.now() - backMs} ms until it had all ${waiting.length}`)
    await eventually('nothing to wait but what was just cut', async () => {
      const now = await metrics()
      const oldestSeconds = now.sum('conprof_collector_oldest_pending_block_seconds')
      return oldestSeconds < intervalMs / 1000 && now.sum('conprof_storage_pending_blocks') <= 3
    })
    t.same((await witness.askUntilWhole()).lost, [])
  }

  let waiting: readonly string[] = []
  await steps.step('the bucket is away', async (t) => {
    await s3.stop()
    const beganMs = Date.now()
    await outage(t, 'UNAVAILABLE')
    waiting = await untilWaiting(beganMs)
  })
  await steps.step('it is back', async (t) => {
    await s3.start()
    await untilUploaded(t, waiting)
  })
  const { access_key: accessKey, secret_key: secretKey } = s3.objstoreConfig.config
  await steps.step('the bucket answers 403', async (t) => {
    await s3.useKeys({ accessKey, secretKey: 'another-secret-key' })
    const beganMs = Date.now()
    await outage(t, 'FORBIDDEN')
    waiting = await untilWaiting(beganMs)
  })
  await steps.step('it lets us in again', async (t) => {
    await s3.useKeys({ accessKey, secretKey })
    await untilUploaded(t, waiting)
  })

  await steps.step('no slot is missing, and the bucket has it all in whole blocks', async (t) => {
    const askedMs = Date.now()
    const { attempts, lost } = await witness.askUntilWhole()
    t.same(lost, [])
    const loops = scrapeLoops(attempts.filter(({ labels }) => labels['namespace'] === 'shop'))
    t.equal(loops.length, 12, `loops of ${attempts.length} attempts`)
    t.same(overlaps(loops), [])
    t.same(gaps(loops, { intervalMs, slots: 0, untilMs: askedMs }), [])
    await eventually('the bucket to have all that was ever answered', async () => {
      const { ids } = await readStoredBlocks(cluster, namespace)
      return witness.ids().every((id) => ids.has(id))
    })
    const { count, problems } = await readStoredBlocks(cluster, namespace)
    t.same(problems, [], `${count} blocks`)
  })
})

const saysWhy = {
  UNAVAILABLE: /^bucket s3:\S+ is missing from this answer: .*(ECONNREFUSED|EHOSTUNREACH|timed out|timeout)/i,
  FORBIDDEN: /^bucket s3:\S+ is missing from this answer: .* the store answered 403/,
}

function isCartCpu(labels: ProfileItem['labels']): boolean {
  return labels['workload'] === 'cart' && labels['profile_type'] === 'cpu'
}

/**
 * What lives is what garbage collections leave: the least that was used, in halves of the outage, since up to a minute
 * lies between two of them. From one half to the other there are some 25 cuts: a third of a MiB that each left behind
 * would be over the bound. RSS has in it what V8 holds of garbage, 20 MiB from one collection to the next; were it growth,
 * a day of outage, which has 48 cuts, would still leave a collector far from its limit of 1 GiB.
 */
function assertFlat(t: Test, looks: readonly Look[]): void {
  const leasts = parts(looks, 2).map((part) => Math.min(...part.map(({ usedBytes }) => usedBytes / mib)))
  const medians = parts(looks, 4).map((part) => median(part.map(({ rssBytes }) => rssBytes / mib)))
  const textOf = (numbers: readonly number[]) => numbers.map((each) => each.toFixed(1)).join(', ')
  t.ok(leasts[1]! - leasts[0]! <= 8, `least memory used in halves, MiB: ${textOf(leasts)}`)
  t.ok(medians[3]! - medians[1]! <= 24, `median RSS in quarters, MiB: ${textOf(medians)}`)
}

function parts(looks: readonly Look[], count: number): Look[][] {
  const bound = (part: number) => Math.floor((part * looks.length) / count)
  return Array.from({ length: count }, (_, part) => looks.slice(bound(part), bound(part + 1)))
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}
