import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { annotatePod, createNamespace, createPod, deletePod, setPodReady } from '../support/cluster-pods.ts'
import { differences } from '../support/fresh-plan.ts'
import { linesOf, releaseNamespace, startOperatorRig, type WrittenConfig } from '../support/operator-rig.ts'
import { until } from '../support/until.ts'

const shardsOf = (configs: readonly WrittenConfig[]) =>
  [...new Set(configs.map(({ spec }) => spec.shard))].sort()

t.test('annotated pods and ProfileTargets become ScrapeConfigs of the collectors', async (t) => {
  const rig = await startOperatorRig(t, { replicas: 2 })
  const { client, plane } = rig
  await createNamespace(client, 'shop')
  for (let i = 0; i < 10; i++) {
    await createPod(client, {
      namespace: 'shop',
      name: `cart-${i}`,
      ip: `10.1.0.${i + 1}`,
      labels: { app: 'cart' },
      annotations: { 'conprof.io/scrape': 'true' },
      owner: { kind: 'ReplicaSet', name: 'cart-7d9f8b6c5' },
    })
  }
  const operator = await rig.startOperator()
  await rig.addCollectors([0, 1])
  const ten = await rig.until(
    '10 targets of both',
    (configs) => linesOf(configs).length === 10 && shardsOf(configs).length === 2,
  )
  t.strictSame(shardsOf(ten), [0, 1])
  t.match(linesOf(ten)[0], /^0 10\.1\.0\.\d+:6060 block,cpu,goroutine,heap,mutex$/)

  t.test('one pod more, one less, one that is vetoed', async (t) => {
    await annotatePod(client, { namespace: 'shop', name: 'cart-0' }, { 'conprof.io/scrape': 'false' })
    await deletePod(client, { namespace: 'shop', name: 'cart-1' })
    await createPod(client, {
      namespace: 'shop',
      name: 'cart-10',
      ip: '10.1.0.11',
      annotations: { 'conprof.io/scrape': 'true', 'conprof.io/profiles': 'heap' },
    })
    const configs = await rig.until('9 targets', (configs) => {
      const lines = linesOf(configs).join('\n')
      return linesOf(configs).length === 9 && lines.includes('10.1.0.11:6060 heap')
    })
    t.notMatch(linesOf(configs).join('\n'), /10\.1\.0\.[12]:6060/)
  })

  t.test('a ProfileTarget goes before annotations and says how it is', async (t) => {
    await plane.mustKubectl(['apply', '-f', '-'], {
      stdin: `
apiVersion: conprof.io/v1alpha1
kind: ProfileTarget
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  endpoints: [{port: 6060, interval: 30s, profiles: [{type: cpu, seconds: 5}]}]
`,
    })
    await rig.until('targets of the ProfileTarget', (configs) =>
      configs.some(({ spec }) => spec.job.owner === 'ProfileTarget/shop/cart' && spec.job.interval === '30s'),
    )
    const shown = await until(
      'its status',
      async () => {
        const text = await plane.mustKubectl(['get', 'pft', '-n', 'shop'])
        return /cart +8 +0 +True/.test(text) && text
      },
      60_000,
      200,
    )
    t.match(shown, /TARGETS +UNHEALTHY +READY +REASON +AGE/)
  })

  t.test(
    'a collector that is not Ready and does not answer loses its targets, and gets them back',
    async (t) => {
      const before = Date.now()
      await setPodReady(client, { namespace: releaseNamespace, name: 'conprof-collector-1' }, false)
      const moved = await rig.until(
        'all targets at shard 0',
        (all) => all.every(({ spec }) => spec.shard === 0) && linesOf(all).length === 9,
        {
          timeoutMs: 120_000,
        },
      )
      t.ok(Date.now() - before > 40_000, 'not before 45 s')
      const starts = moved.flatMap(({ spec }) =>
        spec.groups.flatMap(({ targets }) => targets.map(({ startAfterMs = 0 }) => startAfterMs)),
      )
      t.ok(
        starts.some((ms) => ms > before + 50_000),
        'what moved waits for the longest profile',
      )
      await setPodReady(client, { namespace: releaseNamespace, name: 'conprof-collector-1' }, true)
      await rig.until('targets at both', (all) => shardsOf(all).length === 2)
    },
  )

  t.test('an operator that starts anew writes nothing', async (t) => {
    await until('all of it to be written', async () => (await differences(client)).length === 0, 60_000, 200)
    const before = await rig.configs()
    t.equal(await operator.stop(), 0)
    const again = await rig.startOperator()
    await until('it to lead', () => /lead/.test(again.log()), 60_000)
    await sleep(2000)
    t.strictSame(
      (await rig.configs()).map(({ name, resourceVersion }) => `${name} ${resourceVersion}`),
      before.map(({ name, resourceVersion }) => `${name} ${resourceVersion}`),
    )
  })
})
