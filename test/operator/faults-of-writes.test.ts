import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { annotatePod, createNamespace, createPod } from '../support/cluster-pods.ts'
import { linesOf, readConfigs, releaseNamespace } from '../support/operator-rig.ts'
import { until } from '../support/until.ts'
import { addPod, isConfigWrite, settles, startFaultyOperator } from './faulty-operator.ts'

t.test('writes that meet others', async (t) => {
  const { rig, proxy, operator } = await startFaultyOperator(t)

  t.test('a Lease that is lost while a write is in flight: the older epoch never wins', async (t) => {
    const held = proxy.inject({ type: 'hold' }, { match: isConfigWrite, times: 1 })
    const name = await addPod(rig)
    await until('a write under way', () => held.hits > 0, 60_000)
    const epochs = (await rig.configs()).map(({ spec }) => spec.epoch)
    // The one that wrote it is frozen, and another takes over.
    operator.process.kill('SIGSTOP')
    const next = await rig.startOperator({ kubeconfig: rig.plane.kubeconfig })
    await annotatePod(rig.client, { namespace: 'shop', name }, { 'conprof.io/interval': '30s' })
    await rig.until('a later epoch', (all) => all.some(({ spec }) => spec.epoch > Math.max(...epochs)), {
      timeoutMs: 120_000,
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
    const list = () =>
      rig.client.request<{ items: { note: string; regarding: { kind: string } }[] }>({
        path: '/apis/events.k8s.io/v1/namespaces/crowd/events',
      })
    await until('an event', async () => (await list()).items.length > 0, 60_000)
    await sleep(2000)
    const { items } = await list()
    t.ok(items.length >= 1 && items.length <= 5, `${items.length} events`)
    t.ok(items.every(({ note }) => note.includes('conprof.io/interval') && note.includes('often')))
    const targets = linesOf(await rig.configs()).filter((line) => line.includes(' 127.8.'))
    t.equal(targets.length, 500, 'a wrong interval falls back to the default')
  })
})
