import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { annotatePod, createNamespace, createPod } from '../support/cluster-pods.ts'
import { type Conprof, startConprof } from '../support/conprof.ts'
import { bothHelms, chart } from '../support/helm.ts'
import { linesOf, release, releaseNamespace, startOperatorRig } from '../support/operator-rig.ts'
import { until } from '../support/until.ts'
import { kubernetes } from './rendered.ts'

const rig = await startOperatorRig(t, { replicas: 1 })
const { client, plane } = rig
const helm = (await bothHelms(t)).at(-1)!

/** Accounts and rights as the chart has them, and nothing else of it. */
async function applyRights(values: readonly string[] = [], more: readonly string[] = []): Promise<void> {
  const shown = ['service-accounts', 'rbac-operator', 'rbac-collector', 'rbac-shared', ...more]
  const text = await helm.must([
    ...['template', release, chart, `--namespace=${releaseNamespace}`, kubernetes],
    ...['--set=crds.enabled=false', ...values.map((value) => `--set=${value}`)],
    ...shown.map((name) => `--show-only=templates/${name}.yaml`),
  ])
  await plane.mustKubectl(['apply', '-f', '-'], { stdin: text })
}

/** The API server hears of rights a moment after they are given, or taken. */
async function untilMay(component: string, what: string, answer: 'yes' | 'no' = 'yes'): Promise<void> {
  const who = `--as=system:serviceaccount:${releaseNamespace}:${release}-${component}`
  const ask = ['auth', 'can-i', ...what.split(' '), who]
  const isSo = async () => (await plane.kubectl(ask)).stdout.trim() === answer
  await until(`${component}: ${what}: ${answer}`, isSo, 60_000)
}

async function kubeconfigOf(component: string): Promise<string> {
  return (await plane.createServiceAccount(releaseNamespace, `${release}-${component}`)).kubeconfig
}

/** A Secret, and that conprof may read it. */
const secret = `
apiVersion: v1
kind: Secret
metadata: {name: pprof, namespace: shop, annotations: {conprof.io/allow: "true"}}
stringData: {token: of-the-cart}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: conprof, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: conprof-target-secrets}
subjects: [{kind: ServiceAccount, name: ${release}-operator, namespace: ${releaseNamespace}}]
`

/** A ProfileTarget that needs it. */
const withSecret = `
apiVersion: conprof.io/v1alpha1
kind: ProfileTarget
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  endpoints: [{port: 6060, authorization: {credentials: {name: pprof, key: token}}}]
`

t.test('operator and collector get on with the rights of the chart', async (t) => {
  await applyRights()
  await untilMay('operator', 'list pods --all-namespaces')
  await untilMay('operator', `list scrapeconfigs.conprof.io -n ${releaseNamespace}`)
  await untilMay('collector', `list scrapeconfigs.conprof.io -n ${releaseNamespace}`)
  const folder = t.testdir({ token: 'the-token-of-ours' })
  const tokenFlag = `--web.token-file=${join(folder, 'token')}`
  const operatorAccount = await kubeconfigOf('operator')
  const flags = [tokenFlag, '--log.level=debug']
  const operator = await rig.startOperator({ kubeconfig: operatorAccount, flags })
  await createNamespace(client, 'shop')
  const scrape = { 'conprof.io/scrape': 'true' }
  const pod = (name: string, ip: string) => ({ namespace: 'shop', name, ip, annotations: scrape })
  await createPod(client, pod('web-0', '10.1.0.1'))
  await createPod(client, {
    ...pod('bad-0', '10.1.0.2'),
    annotations: { ...scrape, 'conprof.io/interval': 'often' },
  })
  await createPod(client, { ...pod('cart-0', '10.1.0.3'), labels: { app: 'cart' } })
  const own = { 'conprof.io/release': release }
  await createPod(client, { ...pod('own-0', '10.1.0.4'), namespace: releaseNamespace, labels: own })
  await plane.mustKubectl(['apply', '-f', '-'], { stdin: secret })
  await untilMay('operator', 'get secrets/pprof -n shop')
  await plane.mustKubectl(['apply', '-f', '-'], { stdin: withSecret })
  await rig.addCollectors([0])
  const addressesOf = (configs: Parameters<typeof linesOf>[0]) =>
    linesOf(configs).map((line) => /10\.1\.0\.\d+/.exec(line)![0])
  await rig.until('their targets', (configs) =>
    ['10.1.0.1', '10.1.0.3', '10.1.0.4'].every((ip) => addressesOf(configs).includes(ip)),
  )
  await until('an event', async () =>
    (await plane.mustKubectl(['get', 'events', '-n', 'shop', '-o', 'name'])).includes('bad-0'),
  )
  await until('a status', async () =>
    /cart .*True/.test(await plane.mustKubectl(['get', 'pft', '-n', 'shop'])),
  )

  const collectorFlags = [
    `--config.kubernetes=${releaseNamespace}/${release}`,
    `--kubeconfig=${await kubeconfigOf('collector')}`,
    `--storage.path=${join(folder, 'data')}`,
    '--collector.ordinal=0',
  ]
  const collector = await startConprof([...collectorFlags, '--log.level=debug'], 'collector')
  t.teardown(() => collector.stop())
  const targets = async () => (await (await fetch(`${collector.url}/api/v1/targets`)).json()).data
  // With credentials: what lacks them is dropped.
  await until('targets of all', async () => {
    const { activeTargets } = await targets()
    const text = JSON.stringify(activeTargets)
    return ['10.1.0.1', '10.1.0.3', '10.1.0.4'].every((ip) => text.includes(`"${ip}:6060"`))
  })

  for (const { url } of [operator, collector]) {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    t.match(metrics, /conprof_kube_requests_total\{method="WATCH",code="200"\} [1-9]/)
    t.notMatch(metrics, /conprof_kube_requests_total\{.*code="403"\}/)
  }
  t.equal(await operator.stop(), 0)
  t.notMatch(operator.log(), /forbidden/)
  t.notMatch(collector.stderr(), /forbidden/)

  // Without cluster roles, of one namespace and its own.
  await plane.mustKubectl(['delete', 'clusterrolebinding', `${releaseNamespace}-${release}-operator`])
  await untilMay('operator', 'list pods -n shop', 'no')
  await applyRights(['watchNamespaces={shop}'])
  await untilMay('operator', 'list pods -n shop')
  await untilMay('operator', `list pods -n ${releaseNamespace}`)
  const watched = `--watch.namespaces=${releaseNamespace},shop`
  const few = await rig.startOperator({ kubeconfig: operatorAccount, flags: [...flags, watched] })
  await annotatePod(client, { namespace: 'shop', name: 'web-0' }, { 'conprof.io/scrape': 'false' })
  await rig.until('one less', (configs) => !addressesOf(configs).includes('10.1.0.1'))
  t.match(await (await fetch(`${few.url}/-/ready`)).text(), 'is ready')
  t.notMatch(await (await fetch(`${few.url}/metrics`)).text(), /requests_total\{.*code="403"\}/)
})

t.test('of two compactors with the rights of the chart one leads, and then the other', async (t) => {
  await applyRights(['bucket.existingSecret=b'], ['rbac-compact'])
  await untilMay('compact', `update leases.coordination.k8s.io/${release}-compact -n ${releaseNamespace}`)
  const folder = t.testdir({ bucket: {} })
  const flags = [
    `--compact.lease=${releaseNamespace}/${release}-compact`,
    `--kubeconfig=${await kubeconfigOf('compact')}`,
    '--compact.interval=1s',
    `--storage.path=${folder}`,
  ]
  const metrics = async ({ url }: Conprof) => (await fetch(`${url}/metrics`)).text()
  const leads = async (program: Conprof) => /^conprof_compact_leader 1$/m.test(await metrics(program))
  const first = await startConprof(flags, 'compact')
  t.teardown(() => first.stop())
  await until('the first to lead', () => leads(first))
  await until('a round', async () =>
    /^conprof_compact_rounds_total\{result="ok"\} [1-9]/m.test(await metrics(first)),
  )
  const second = await startConprof(flags, 'compact')
  t.teardown(() => second.stop())
  t.notOk(await leads(second))
  const uid = await plane.mustKubectl([
    'get',
    'namespace',
    releaseNamespace,
    '-o',
    'jsonpath={.metadata.uid}',
  ])
  const owner = JSON.parse(readFileSync(join(folder, 'bucket/owner.json'), 'utf8'))
  t.equal(owner.cluster, `${releaseNamespace}/${release}-compact@${uid}`)
  t.equal(await first.stop(), 0)
  await until('the second to lead', () => leads(second))
  for (const program of [first, second]) t.notMatch(program.stderr(), /forbidden/)
  t.equal(await second.stop(), 0)
})
