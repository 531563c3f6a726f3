import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { annotatePod, createNamespace, createPod, deletePod } from '../support/cluster-pods.ts'
import { type ProxiedRequest, startFaultProxy, statusBody } from '../support/fault-proxy.ts'
import { differences } from '../support/fresh-plan.ts'
import {
  linesOf,
  type OperatorRig,
  type RunningOperator,
  readConfigs,
  releaseNamespace,
  startOperatorRig,
} from '../support/operator-rig.ts'

const isConfigWrite = ({ kind, path }: ProxiedRequest) => kind === 'write' && path.includes('/scrapeconfigs')

/** Whatever happened: what is there is what an operator would write that knows nothing of it. */
async function settles(t: Test, rig: OperatorRig, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  let left = ['not looked at']
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(100)
    left = await differences(rig.client).catch((error: Error) => [error.message])
  }
  t.strictSame(left, [], 'as a fresh operator would have it')
}

let nextPod = 0

async function addPod(rig: OperatorRig, annotations: Record<string, string> = {}): Promise<string> {
  const name = `cart-${nextPod++}`
  await createPod(rig.client, {
    namespace: 'shop',
    name,
    ip: `127.9.${nextPod >> 8}.${nextPod & 255}`,
    labels: { app: 'cart' },
    annotations: { 'conprof.io/scrape': 'true', ...annotations },
    owner: { kind: 'ReplicaSet', name: 'cart-7d9f8b6c5' },
  })
  return name
}

/** An operator behind a proxy of faults, 30 pods, two collectors. */
async function start(t: Test, flags: readonly string[] = []) {
  const rig = await startOperatorRig(t, { replicas: 2 })
  await createNamespace(rig.client, 'shop')
  for (let i = 0; i < 30; i++) await addPod(rig)
  await rig.addCollectors([0, 1])
  const proxy = await startFaultProxy(t, rig.plane)
  const kubeconfig = await rig.plane.writeKubeconfig({ token: rig.plane.token, server: proxy.url })
  const operator = await rig.startOperator({ kubeconfig, flags })
  await settles(t, rig)
  return { rig, proxy, operator }
}

async function isReady({ url }: RunningOperator): Promise<boolean> {
  return (await fetch(`${url}/-/ready`)).ok
}

t.test('watches that break', async (t) => {
  const { rig, proxy, operator } = await start(t)
  const change = async () => {
    await addPod(rig)
    await deletePod(rig.client, { namespace: 'shop', name: `cart-${nextPod - 20}` })
  }
  t.equal(await isReady(operator), true)

  t.test('RST in the middle of all watches', async (t) => {
    for (const watch of proxy.watches()) watch.reset()
    await change()
    await settles(t, rig)
  })

  t.test('half a line, and then the end', async (t) => {
    for (const watch of proxy.watches()) watch.truncateNext()
    await change()
    await settles(t, rig)
  })

  t.test('410 as an event, and as an answer', async (t) => {
    const gone = JSON.stringify({
      type: 'ERROR',
      object: JSON.parse(statusBody(410, 'Expired', 'too old resource version')),
    })
    for (const watch of proxy.watches()) watch.send(`${gone}\n`)
    await change()
    await settles(t, rig)
    proxy.inject(
      { type: 'answer', status: 410, body: statusBody(410, 'Expired') },
      { match: (request) => request.kind === 'watch', times: 6 },
    )
    for (const watch of proxy.watches()) watch.reset()
    await change()
    await settles(t, rig)
  })

  t.test('410 on a page of a list', async (t) => {
    proxy.inject(
      { type: 'answer', status: 410, body: statusBody(410, 'Expired') },
      { match: (request) => request.kind === 'list', times: 4 },
    )
    for (const watch of proxy.watches())
      watch.send(`${'{"type":"ERROR","object":'}${statusBody(410, 'Expired')}}\n`)
    await change()
    await settles(t, rig)
  })

  t.test('429 with Retry-After, 500s, and slow lists', async (t) => {
    const busy = proxy.inject({
      type: 'answer',
      status: 429,
      headers: { 'retry-after': '1' },
      body: statusBody(429, 'TooManyRequests'),
    })
    for (const watch of proxy.watches()) watch.reset()
    await change()
    await sleep(3000)
    busy.remove()
    await settles(t, rig)
    const broken = proxy.inject({ type: 'answer', status: 500, body: statusBody(500, 'InternalError') })
    for (const watch of proxy.watches()) watch.reset()
    await change()
    await sleep(8000)
    broken.remove()
    await settles(t, rig)
    const slow = proxy.inject({ type: 'delay', ms: 3000 }, { match: (request) => request.kind === 'list' })
    for (const watch of proxy.watches())
      watch.send(`${'{"type":"ERROR","object":'}${statusBody(410, 'Expired')}}\n`)
    await change()
    await settles(t, rig)
    slow.remove()
  })

  t.test('never unready because the API server went away', async (t) => {
    proxy.disconnect()
    await change()
    await sleep(2000)
    t.equal(await isReady(operator), true)
    t.equal((await fetch(`${operator.url}/-/healthy`)).status, 200)
    proxy.connect()
    await settles(t, rig)
  })

  t.test('the API server starts again', async (t) => {
    await rig.plane.restart()
    await change()
    await settles(t, rig)
  })

  t.test('nothing went wrong that nobody counts, and nothing is written afterwards', async (t) => {
    const metrics = await (await fetch(`${operator.url}/metrics`)).text()
    t.match(metrics, /conprof_kube_watch_restarts_total\{kind="pods",reason="[a-z_-]+"\} [1-9]/)
    t.notMatch(metrics, /conprof_kube_drift_total\{kind="pods"\} [1-9]/)
    const writes = proxy.count(isConfigWrite)
    await sleep(3000)
    t.equal(proxy.count(isConfigWrite), writes)
  })
})

t.test('silence on all watches is found out', async (t) => {
  const { rig, proxy } = await start(t)
  for (const watch of proxy.watches()) watch.silence()
  await addPod(rig)
  // Bookmarks come about once a minute; a watch that brings none is dead after 90 s.
  await settles(t, rig, 120_000)
})

t.test('writes that meet others', async (t) => {
  const { rig, proxy, operator } = await start(t)

  t.test('a Lease that is lost while a write is in flight: the older epoch never wins', async (t) => {
    const held = proxy.inject({ type: 'hold' }, { match: isConfigWrite, times: 1 })
    const name = await addPod(rig)
    for (let i = 0; i < 100 && held.hits === 0; i++) await sleep(50)
    t.equal(held.hits, 1, 'a write is under way')
    const epochs = (await rig.configs()).map(({ spec }) => spec.epoch)
    // The one that wrote it is frozen, and another takes over.
    operator.process.kill('SIGSTOP')
    const next = await rig.startOperator({ kubeconfig: rig.plane.kubeconfig })
    await annotatePod(rig.client, { namespace: 'shop', name }, { 'conprof.io/interval': '30s' })
    await rig.until('a later epoch', (all) => all.some(({ spec }) => spec.epoch > Math.max(...epochs)), {
      timeoutMs: 40_000,
    })
    await settles(t, rig)
    const settled = await readConfigs(rig.client)
    held.release()
    operator.process.kill('SIGCONT')
    await sleep(4000)
    const after = await readConfigs(rig.client)
    for (const { name, spec } of settled) {
      const now = after.find((object) => object.name === name)
      t.ok(now !== undefined && now.spec.epoch >= spec.epoch, `${name} keeps its epoch`)
    }
    await settles(t, rig)
    t.equal(await next.stop(), 0)
    await settles(t, rig)
  })

  t.test('somebody changes, takes away and adds objects by hand', async (t) => {
    const [first, second] = await rig.configs()
    const path = `/apis/conprof.io/v1alpha1/namespaces/${releaseNamespace}/scrapeconfigs`
    await rig.client.request({
      method: 'PATCH',
      path: `${path}/${first!.name}`,
      query: { fieldManager: 'somebody' },
      contentType: 'application/merge-patch+json',
      body: { spec: { job: { interval: '1h' }, groups: first!.spec.groups.slice(0, 1) } },
    })
    if (second !== undefined) await rig.client.request({ method: 'DELETE', path: `${path}/${second.name}` })
    await rig.client.request({
      method: 'POST',
      path,
      body: {
        apiVersion: 'conprof.io/v1alpha1',
        kind: 'ScrapeConfig',
        metadata: { name: 'by-hand', labels: { 'conprof.io/release': 'conprof', 'conprof.io/shard': '0' } },
        spec: first!.spec,
      },
    })
    await settles(t, rig)
  })

  t.test('a ProfileTarget that is deleted while it is worked on', async (t) => {
    const manifest = `
apiVersion: conprof.io/v1alpha1
kind: ProfileTarget
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  endpoints: [{port: 6060, profiles: [{type: cpu, seconds: 3}]}]
`
    for (let i = 0; i < 4; i++) {
      await rig.plane.mustKubectl(['apply', '-f', '-'], { stdin: manifest })
      await sleep(i * 150)
      await rig.plane.mustKubectl(['delete', 'pft', '-n', 'shop', 'cart', '--wait=false'])
    }
    await settles(t, rig)
    t.equal((await rig.configs()).filter(({ spec }) => spec.job.owner !== 'annotations').length, 0)
  })

  t.test('a write whose answer is lost', async (t) => {
    proxy.inject({ type: 'lose-answer' }, { match: isConfigWrite, times: 3 })
    await addPod(rig)
    await addPod(rig, { 'conprof.io/interval': '2m' })
    await settles(t, rig)
  })

  t.test('500 pods with the same bad annotation: few events, no crash, and the others go on', async (t) => {
    await createNamespace(rig.client, 'crowd')
    const crowd = Array.from({ length: 500 }, (_, i) => i)
    for (let at = 0; at < crowd.length; at += 20) {
      await Promise.all(
        crowd.slice(at, at + 20).map((i) =>
          createPod(rig.client, {
            namespace: 'crowd',
            name: `web-${i}`,
            ip: `127.8.${i >> 8}.${i & 255}`,
            annotations: { 'conprof.io/scrape': 'true', 'conprof.io/interval': 'often' },
            owner: { kind: 'ReplicaSet', name: 'web-5d5f' },
          }),
        ),
      )
    }
    await settles(t, rig)
    await sleep(2000)
    const { items } = await rig.client.request<{ items: { note: string; regarding: { kind: string } }[] }>({
      path: '/apis/events.k8s.io/v1/namespaces/crowd/events',
    })
    t.ok(items.length >= 1 && items.length <= 5, `${items.length} events`)
    t.ok(items.every(({ note }) => note.includes('conprof.io/interval') && note.includes('often')))
    const targets = linesOf(await rig.configs()).filter((line) => line.includes(' 127.8.'))
    t.equal(targets.length, 500, 'a wrong interval falls back to the default')
  })
})
