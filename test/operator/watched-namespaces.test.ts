import t from 'tap'
import { createNamespace, createPod } from '../support/cluster-pods.ts'
import { linesOf, releaseNamespace, startOperatorRig } from '../support/operator-rig.ts'
import { until } from '../support/until.ts'

t.test('an operator of some namespaces', async (t) => {
  const rig = await startOperatorRig(t, { replicas: 1 })
  const { client, plane } = rig
  for (const namespace of ['shop', 'pay', 'other']) {
    await createNamespace(client, namespace)
    await createPod(client, {
      namespace,
      name: 'cart-0',
      ip: `10.1.${namespace.length}.1`,
      annotations: { 'conprof.io/scrape': 'true' },
    })
  }
  await rig.addCollectors([0])
  const kubectl = (text: string) => plane.mustKubectl(text.split(' '))
  const subject = `--serviceaccount=${releaseNamespace}:conprof-operator`
  // What the chart gives, but for a namespace that does not let itself be seen.
  const rules = [
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['conprof.io'], resources: ['profiletargets'], verbs: ['get', 'list', 'watch'] },
  ]
  const seen = { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }
  const own = [
    { apiGroups: ['conprof.io'], resources: ['scrapeconfigs'], verbs: ['*'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] },
    { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['get', 'list', 'watch'] },
  ]
  for (const [namespace, given] of [
    ['shop', [...rules, seen]],
    ['pay', rules],
    [releaseNamespace, [...rules, seen, ...own]],
  ] as const) {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'watch', namespace },
      rules: given,
    }
    await plane.mustKubectl(['apply', '-f', '-'], { stdin: JSON.stringify(role) })
    await kubectl(`create rolebinding watch --role=watch ${subject} -n ${namespace}`)
  }
  const { kubeconfig } = await plane.createServiceAccount(releaseNamespace, 'conprof-operator')
  const flags = [`--watch.namespaces=shop,pay,${releaseNamespace}`]

  await kubectl('annotate namespace shop conprof.io/scrape=false')
  const operator = await rig.startOperator({ kubeconfig, flags })
  const first = await rig.until('the targets of pay', (all) => linesOf(all).length > 0)
  t.strictSame(
    linesOf(first).map((line) => line.split(' ')[1]),
    ['10.1.3.1:6060'],
    'not of shop, which has a veto, nor of other, which is not watched',
  )
  const unseen = /annotations and vetoes of namespace \\"pay\\" are not seen: .*forbidden/i
  t.ok(await until('a line of the log', () => unseen.test(operator.log())))

  await kubectl('annotate namespace shop conprof.io/scrape-')
  await rig.until('the targets of shop', (all) => linesOf(all).join().includes('10.1.4.1'))
  await kubectl('annotate namespace shop conprof.io/scrape=false')
  const before = Date.now()
  await rig.until('none of shop', (all) => !linesOf(all).join().includes('10.1.4.1'))
  // Within 5 s where nothing else is to do: what is listed only now and then would be seen minutes later.
  t.ok(Date.now() - before < 40_000, 'a veto counts soon')
  t.equal(await operator.stop(), 0)

  t.test('one that it may not look into keeps it from being ready, and it says why', async (t) => {
    const lost = await rig.startOperator({
      kubeconfig,
      flags: [`--watch.namespaces=other,${releaseNamespace}`],
    })
    // Before that, the namespaces themselves may not have been asked for yet.
    const wanted = /no list of pods, profiletargets yet: .*403 Forbidden: .* in the namespace "other"/
    const ready = async () => (await fetch(`${lost.url}/-/ready`)).text()
    t.ok(await until('it to say why', async () => wanted.test(await ready()), 60_000, 50))
  })
})
