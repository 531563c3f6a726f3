import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { deletePod } from '../support/cluster-pods.ts'
import { statusBody } from '../support/fault-proxy.ts'
import { addPod, isConfigWrite, isReady, podsAdded, settles, startFaultyOperator } from './faulty-operator.ts'

t.test('watches that break', async (t) => {
  const { rig, proxy, operator } = await startFaultyOperator(t)
  const change = async () => {
    await addPod(rig)
    await deletePod(rig.client, { namespace: 'shop', name: `cart-${podsAdded() - 20}` })
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
