import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Registry } from 'prom-client'
import t from 'tap'
import type { ScrapeConfigJob } from '../../collector/config/scrape-config-resource.ts'
import { createKubeClient } from '../../lib/kube/create-kube-client.ts'
import { silentLogger } from '../../lib/log.ts'
import { ActualObjects } from '../../operator/shards/actual-objects.ts'
import { assignTargets, type DesiredObject, planObjects } from '../../operator/shards/plan-objects.ts'
import { type RawScrapeConfig, readActualObject } from '../../operator/shards/read-actual-object.ts'
import { ScrapeConfigWriter } from '../../operator/shards/scrape-config-writer.ts'
import type { PlannedTarget } from '../../operator/targets/decision.ts'
import { createNamespace } from '../support/cluster-pods.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { releaseNamespace, startOperatorRig } from '../support/operator-rig.ts'
import { until } from '../support/until.ts'
import { isConfigWrite } from './faulty-operator.ts'

const spec: ScrapeConfigJob = {
  owner: 'ProfileTarget/shop/cart',
  jobName: 'shop/cart',
  scheme: 'http',
  pathPrefix: '',
  interval: '60s',
  timeout: '10s',
  profiles: [{ type: 'heap', path: '/debug/pprof/heap', keepEmpty: true }],
}

function desired(count: number, hash = '00', job: Partial<ScrapeConfigJob> = {}): Map<string, DesiredObject> {
  const planned = { hash, spec: { ...spec, ...job }, credentials: [] }
  const targets = Array.from(
    { length: count },
    (_, i): PlannedTarget => ({
      key: `uid-${i}/6060`,
      namespace: 'shop',
      workload: 'cart',
      createdMs: i,
      job: planned,
      group: { labels: { namespace: 'shop' } },
      target: { uid: `uid-${i}`, address: `10.0.0.${i}:6060`, labels: { pod: `cart-${i}` } },
    }),
  )
  const facts = { release: 'conprof', holders: new Map(), releases: new Map(), nowMs: 0 }
  return new Map(planObjects(assignTargets(targets, [0]), facts).map((object) => [object.name, object]))
}

t.test('ScrapeConfigWriter', async (t) => {
  const rig = await startOperatorRig(t)
  await createNamespace(rig.client, 'shop')
  const proxy = await startFaultProxy(t, rig.plane)
  const kubeconfig = await rig.plane.writeKubeconfig({ token: rig.plane.token, server: proxy.url })
  const client = await createKubeClient({ kubeconfig })
  t.teardown(() => client.close())
  const registry = new Registry()
  const actual = new ActualObjects({ now: Date.now })
  const writer = new ScrapeConfigWriter({
    client,
    namespace: releaseNamespace,
    release: 'conprof',
    actual,
    onWritten: () => {},
    onOutranked: () => t.fail('nobody else writes'),
    ensureCredentials: async () => void t.fail('no credentials are needed'),
    isLeader: () => true,
    logger: silentLogger(),
    registry,
    minIntervalMs: 10,
  })
  const stop = new AbortController()
  const ended = writer.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  /** As passes do, which come whether anything changed or not. */
  const publishUntil = (
    what: string,
    objects: Map<string, DesiredObject>,
    epoch: number,
    isSo: () => boolean | Promise<boolean>,
  ) =>
    until(
      what,
      () => {
        writer.publish(objects, { epoch })
        return isSo()
      },
      60_000,
    )
  const isWritten = () => writer.unwritten().length === 0
  const publishFor = async (ms: number, objects: Map<string, DesiredObject>, epoch: number) => {
    for (const endMs = Date.now() + ms; Date.now() < endMs; await sleep(20))
      writer.publish(objects, { epoch })
  }

  t.test('a first failure is an increase', async (t) => {
    t.match(await registry.metrics(), /config_write_failures_total\{code="SERVER_ERROR"\} 0\n/)
  })

  t.test('what cannot be written is tried less and less often, something else at once', async (t) => {
    const refused = proxy.inject({ type: 'answer', status: 500 }, { match: isConfigWrite })
    const one = desired(1)
    const startMs = performance.now()
    await publishUntil('tries', one, 1, () => refused.hits >= 3 && performance.now() - startMs > 2500)
    // Each waits for at least twice as long as the one before, from 100 ms on.
    const mostTries = 3 + Math.log2((performance.now() - startMs) / 100)
    t.ok(refused.hits <= mostTries, `${refused.hits} tries`)
    t.match(writer.failures().get('ProfileTarget/shop/cart'), /^post .*: 500/)
    refused.remove()
    // Not to be tried again for minutes, unless it is something else.
    const headers = { 'retry-after': '120' }
    const later = proxy.inject({ type: 'answer', status: 429, headers }, { match: isConfigWrite, times: 1 })
    const isAnswered = () => writer.failures().get('ProfileTarget/shop/cart')?.includes(': 429') === true
    await publishUntil('one more try', one, 1, isAnswered)
    t.equal(later.hits, 1)
    await publishUntil('something else', desired(2), 1, isWritten)
    t.equal(writer.failures().size, 0)
  })

  t.test('what others replace goes only once those are there', async (t) => {
    const before = [...actual.objects.keys()]
    const after = desired(2, '11', { interval: '30s' })
    const isCreate = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && path.endsWith('/scrapeconfigs')
    const refused = proxy.inject({ type: 'answer', status: 500 }, { match: isCreate })
    await publishFor(500, after, 1)
    t.strictSame(
      (await rig.configs()).map(({ name }) => name),
      before,
    )
    refused.remove()
    await publishUntil('what replaces it', after, 1, isWritten)
    t.strictSame(
      (await rig.configs()).map(({ name }) => name),
      [...after.keys()],
    )
  })

  t.test('what others add to an object, or take from it, does not stay so', async (t) => {
    const objects = desired(2, '11', { interval: '30s' })
    const [name = ''] = objects.keys()
    const path = `/apis/conprof.io/v1alpha1/namespaces/${releaseNamespace}/scrapeconfigs/${name}`
    const read = () => rig.client.request<RawScrapeConfig & { metadata: { labels: object } }>({ path })
    const before = await read()
    for (const body of [
      { spec: { job: { params: { debug: ['1'] } } } },
      { metadata: { labels: { 'conprof.io/shard': null } } },
      { metadata: { labels: { 'conprof.io/release': null } } },
    ] as const) {
      const patched = await rig.client.request<RawScrapeConfig>({
        method: 'PATCH',
        path,
        query: { fieldManager: 'somebody' },
        contentType: 'application/merge-patch+json',
        body,
      })
      // As the watch tells it, which is one of the release's objects.
      if (JSON.stringify(body).includes('release')) actual.remove(name, patched.metadata.uid)
      else actual.observe(readActualObject(patched))
      const told = ({ spec, metadata }: typeof before) => [spec, metadata.labels]
      const isBack = async () => isDeepStrictEqual(told(await read()), told(before))
      await publishUntil(`what was before ${JSON.stringify(body)}`, objects, 1, isBack)
      t.strictSame(told(await read()), told(before), JSON.stringify(body))
    }
  })

  t.test('who leads no more gives up what is under way, and tries nothing again', async (t) => {
    const before = await rig.configs()
    const held = proxy.inject({ type: 'hold' }, { match: isConfigWrite })
    writer.publish(desired(3, '11', { interval: '30s' }), { epoch: 1 })
    await until('a write', () => held.hits > 0)
    t.equal(held.hits, 1)
    const startMs = Date.now()
    await writer.stop()
    t.ok(Date.now() - startMs < 15_000, 'long before the 30 s are over that a write may take')
    held.release('drop')
    await sleep(1000)
    t.strictSame(await rig.configs(), before)
    t.strictSame(writer.unwritten(), [])
    const epochs = async () => (await rig.configs()).map(({ spec }) => spec.epoch)
    const again = desired(3, '11', { interval: '30s' })
    await publishUntil('the next reign', again, 2, async () => (await epochs()).includes(2))
    t.strictSame(await epochs(), [2])
  })
})
