import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { startControlPlane } from '../support/control-plane.ts'
import { bothHelms, chart } from '../support/helm.ts'
import { until } from '../support/until.ts'

const plane = await startControlPlane(t)
const helms = await bothHelms(t, { kubeconfig: plane.kubeconfig })
const definitions = globSync(join(chart, 'crd-files/*.yaml')).map(
  (path) => (parse(readFileSync(path, 'utf8')) as { metadata: { name: string } }).metadata.name,
)

/** Where only pods that keep to the strictest standard are let in; what would not be is a warning. */
async function restrictedNamespace(name: string): Promise<void> {
  const labels = Object.fromEntries(
    ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
  )
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
  await plane.mustKubectl(['apply', '--server-side', '-f', '-'], { stdin: JSON.stringify(namespace) })
}

async function definitionsThere(): Promise<string[]> {
  const names = await plane.mustKubectl(['get', 'crds', '-o', 'name'])
  return names.split('\n').flatMap((name) => (name === '' ? [] : [name.split('/')[1]!]))
}

t.test('all that is rendered is accepted by a real API server', async (t) => {
  for (const name of ['ns', 'shop', 'billing']) await restrictedNamespace(name)
  for (const path of globSync(join(chart, 'ci/*-values.yaml')).sort()) {
    const text = await helms
      .at(-1)!
      .must(['template', 'rel', chart, '--namespace=ns', '--kube-version=1.34.0', `--values=${path}`])
    const { code, stdout, stderr } = await plane.kubectl(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
      { stdin: text },
    )
    t.equal(code, 0, `${basename(path)}: ${stderr}`)
    t.equal(stderr, '', `${basename(path)}: nothing to warn of`)
    t.equal(stdout.trim().split('\n').length, text.match(/^kind: /gm)?.length, 'each object')
  }
})

for (const helm of helms) {
  t.test(`Helm ${helm.major}: install, upgrade, uninstall`, async (t) => {
    const namespace = `helm-${helm.major}`
    await restrictedNamespace(namespace)
    const parameters = ['conprof', chart, `--namespace=${namespace}`]
    const notes = await helm.must(['install', ...parameters])
    t.match(notes, `kubectl port-forward -n ${namespace} service/conprof-query 8080`)
    t.match(notes, 'this is the try-out mode')
    t.match(notes, 'cluster="default"')
    t.match(notes, 'asks nobody who they are')
    t.notMatch(notes, 'WARNING')
    t.same((await definitionsThere()).sort(), definitions.toSorted())
    const token = await readToken(namespace)
    t.match(token, /^[a-zA-Z0-9]{48}$/)
    await checkRights(t, namespace, { maxReplicas: 10 })

    await helm.must(['upgrade', ...parameters, '--set=bucket.existingSecret=b,collector.replicas=3'])
    t.equal(await readToken(namespace), token, 'an upgrade keeps the token')
    const rolled = await helm.must(['upgrade', ...parameters, '--set=collector.persistence.enabled=true'])
    t.match(rolled, 'is in namespace', 'and back')

    await helm.must(['uninstall', 'conprof', `--namespace=${namespace}`])
    t.same(
      (await definitionsThere()).sort(),
      definitions.toSorted(),
      'the definitions stay, and all that is of them',
    )
    const kinds =
      'deployments,statefulsets,services,secrets,serviceaccounts,roles,rolebindings,networkpolicies'
    const left = await plane.mustKubectl(['get', kinds, `--namespace=${namespace}`, '-o', 'name'])
    t.same(
      left.split('\n').filter((name) => name !== ''),
      [],
    )

    await helm.must(['install', ...parameters, '--set=crds.keep=false'])
    await helm.must(['uninstall', 'conprof', `--namespace=${namespace}`])
    // The API server looks for objects of them first.
    const areGone = async () => (await definitionsThere()).length === 0
    await until('the definitions to go, which were not to be kept', areGone, 400_000, 500)
  })
}

t.test('two releases in one cluster, of which one watches a few namespaces', async (t) => {
  const helm = helms.at(-1)!
  for (const name of ['first', 'second']) await restrictedNamespace(name)
  await helm.must(['install', 'conprof', chart, '--namespace=first'])
  const clash = await helm.run(['install', 'conprof', chart, '--namespace=second'])
  t.match(clash.stderr, /exists and cannot be imported into the current release/)
  await plane.kubectl(['delete', 'secrets', '--namespace=second', '--all'])
  await helm.must([
    ...['install', 'conprof', chart, '--namespace=second'],
    '--set=crds.enabled=false,rbac.sharedRoles=false,watchNamespaces={shop}',
  ])
  const operator = 'system:serviceaccount:second:conprof-operator'
  const answers = await reviews([
    [operator, 'list', 'pods', 'shop', '', true],
    [operator, 'list', 'pods', 'second', '', true],
    [operator, 'watch', 'profiletargets.conprof.io', 'shop', '', true],
    [operator, 'list', 'pods', 'billing', '', false],
    [operator, 'list', 'pods', '', '', false],
    [operator, 'list', 'namespaces', '', '', false],
    [operator, 'get', 'namespaces', 'shop', 'shop', true],
    [operator, 'get', 'namespaces', 'billing', 'billing', false],
    [operator, 'get', 'secrets', 'shop', 'db', false],
  ])
  for (const { is, wanted, name } of answers) t.equal(is, wanted, name)
})

async function readToken(namespace: string): Promise<string> {
  const path = 'jsonpath={.data.token}'
  const text = await plane.mustKubectl([
    'get',
    'secret',
    'conprof-token',
    `--namespace=${namespace}`,
    '-o',
    path,
  ])
  return Buffer.from(text, 'base64').toString()
}

type Right = readonly [
  who: string,
  verb: string,
  resource: string,
  namespace: string,
  name: string,
  wanted: boolean,
]

/** What each component may do in a release `conprof` with cluster roles, and what it may not. */
async function checkRights(
  t: Test,
  namespace: string,
  options: { readonly maxReplicas: number },
): Promise<void> {
  const account = (name: string) => `system:serviceaccount:${namespace}:conprof-${name}`
  const [operator, collector, query] = [account('operator'), account('collector'), account('query')]
  const credentials = (ordinal: number) => `conprof-collector-${ordinal}-credentials`
  const last = options.maxReplicas - 1
  const secretVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
  const rights: Right[] = [
    // What it looks at, anywhere.
    ...['get', 'list', 'watch'].flatMap((verb): Right[] => [
      [operator, verb, 'pods', '', '', verb !== 'get'],
      [operator, verb, 'namespaces', '', '', verb !== 'get'],
      [operator, verb, 'profiletargets.conprof.io', '', '', verb !== 'get'],
      [operator, verb, 'scrapeconfigs.conprof.io', namespace, '', true],
      [operator, verb, 'statefulsets.apps', namespace, 'conprof-collector', verb !== 'get'],
      [operator, verb, 'statefulsets.apps', namespace, 'other', false],
      [operator, verb, 'deployments.apps', namespace, '', false],
      [operator, verb, 'configmaps', namespace, '', false],
      [operator, verb, 'scrapeconfigs.conprof.io', 'shop', '', false],
      [collector, verb, 'scrapeconfigs.conprof.io', namespace, '', verb !== 'get'],
      [collector, verb, 'scrapeconfigs.conprof.io', 'shop', '', false],
      [collector, verb, 'pods', namespace, '', false],
      [collector, verb, 'profiletargets.conprof.io', namespace, '', false],
      [collector, verb, 'leases.coordination.k8s.io', namespace, '', false],
    ]),
    // What it says.
    [operator, 'patch', 'profiletargets.conprof.io/status', 'shop', 'cart', true],
    [operator, 'create', 'events.events.k8s.io', 'shop', '', true],
    ...['create', 'update', 'patch', 'delete'].flatMap((verb): Right[] => [
      [operator, verb, 'profiletargets.conprof.io', 'shop', 'cart', false],
      [operator, verb, 'pods', 'shop', 'cart-0', false],
      [operator, verb, 'namespaces', '', 'shop', false],
      [operator, verb, 'statefulsets.apps', namespace, 'conprof-collector', false],
      [operator, verb, 'roles.rbac.authorization.k8s.io', namespace, 'any', false],
      [collector, verb, 'scrapeconfigs.conprof.io', namespace, 'any', false],
      [query, verb, 'pods', namespace, 'any', false],
    ]),
    [operator, 'delete', 'events.events.k8s.io', 'shop', 'any', false],
    [operator, 'create', 'pods/exec', namespace, 'any', false],
    [operator, 'impersonate', 'serviceaccounts', namespace, 'any', false],
    [operator, 'create', 'serviceaccounts/token', namespace, 'conprof-collector', false],
    // What it writes.
    ...['get', 'list', 'watch', 'create', 'patch', 'delete'].map(
      (verb): Right => [operator, verb, 'scrapeconfigs.conprof.io', namespace, 'any', true],
    ),
    [operator, 'delete', 'scrapeconfigs.conprof.io', 'shop', 'any', false],
    [operator, 'create', 'leases.coordination.k8s.io', namespace, '', true],
    [operator, 'get', 'leases.coordination.k8s.io', namespace, 'conprof-operator', true],
    [operator, 'update', 'leases.coordination.k8s.io', namespace, 'conprof-operator', true],
    [operator, 'patch', 'leases.coordination.k8s.io', namespace, 'conprof-operator', false],
    [operator, 'update', 'leases.coordination.k8s.io', namespace, 'other', false],
    [operator, 'create', 'leases.coordination.k8s.io', 'kube-system', '', false],
    // Secrets: those of its shards by name, no others, and never a list.
    ...['get', 'create', 'patch'].flatMap((verb): Right[] => [
      [operator, verb, 'secrets', namespace, credentials(0), true],
      [operator, verb, 'secrets', namespace, credentials(last), true],
    ]),
    ...secretVerbs.flatMap((verb): Right[] => [
      [operator, verb, 'secrets', namespace, credentials(last + 1), false],
      [operator, verb, 'secrets', namespace, 'conprof-token', false],
      [operator, verb, 'secrets', namespace, '', false],
      [operator, verb, 'secrets', 'shop', 'db', false],
      [operator, verb, 'secrets', '', '', false],
      [collector, verb, 'secrets', namespace, '', false],
      [collector, verb, 'secrets', namespace, 'conprof-token', false],
      [collector, verb, 'secrets', 'shop', 'db', false],
      [query, verb, 'secrets', namespace, '', false],
    ]),
    ...['list', 'watch'].map((verb): Right => [collector, verb, 'secrets', namespace, credentials(0), true]),
    ...['get', 'create', 'update', 'patch', 'delete'].map(
      (verb): Right => [collector, verb, 'secrets', namespace, credentials(0), false],
    ),
    // What people may do that the cluster's own roles are bound to.
    ['group:viewers', 'list', 'profiletargets.conprof.io', 'shop', '', true],
    ['group:viewers', 'create', 'profiletargets.conprof.io', 'shop', '', false],
    ['group:editors', 'create', 'profiletargets.conprof.io', 'shop', '', true],
    ['group:editors', 'create', 'scrapeconfigs.conprof.io', 'shop', '', false],
  ]
  await bindPeople()
  for (const { is, wanted, name } of await reviews(rights)) t.equal(is, wanted, name)

  // An admin lets conprof use the Secrets of one namespace.
  const bind = ['create', 'rolebinding', `conprof-${namespace}`, '--clusterrole=conprof-target-secrets']
  const subject = `--serviceaccount=${namespace}:conprof-operator`
  await plane.mustKubectl([...bind, '--namespace=shop', subject])
  const opened = await reviews([
    [operator, 'get', 'secrets', 'shop', 'db', true],
    [operator, 'list', 'secrets', 'shop', '', false],
    [operator, 'get', 'secrets', 'billing', 'db', false],
  ])
  for (const { is, wanted, name } of opened) t.equal(is, wanted, name)
}

/** `viewers` and `editors`, to the roles that ours are added to; the controller that does so is not there. */
async function bindPeople(): Promise<void> {
  const aggregated = async (label: string) => {
    const selector = `--selector=rbac.authorization.k8s.io/aggregate-to-${label}=true,app.kubernetes.io/part-of=conprof`
    const names = await plane.mustKubectl(['get', 'clusterroles', selector, '-o', 'name'])
    return names
      .trim()
      .split('\n')
      .map((name) => name.split('/')[1]!)
  }
  for (const [group, label] of [
    ['viewers', 'view'],
    ['editors', 'edit'],
  ] as const) {
    for (const role of await aggregated(label)) {
      const binding = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: `${group}-${role}`, namespace: 'shop' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
      }
      await plane.mustKubectl(['apply', '--server-side', '-f', '-'], { stdin: JSON.stringify(binding) })
    }
  }
}

/** What the API server would say to each, asked all at once. */
interface Review {
  readonly is: boolean
  readonly wanted: boolean
  readonly name: string
}

/** Once they are as wanted, of which the API server hears a moment after they are given; else as they are at the end. */
async function reviews(rights: readonly Right[]): Promise<readonly Review[]> {
  let last: readonly Review[] = []
  const isAsWanted = async () => {
    last = await reviewOnce(rights)
    return last.every(({ is, wanted }) => is === wanted)
  }
  await until('the rights', isAsWanted, 30_000, 500).catch(() => {})
  return last
}

async function reviewOnce(rights: readonly Right[]): Promise<readonly Review[]> {
  const items = rights.map(([who, verb, path, namespace, name]) => {
    const [resourceAndGroup = '', subresource = ''] = path.split('/')
    const [resource, ...group] = resourceAndGroup.split('.')
    return {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        ...(who.startsWith('group:') ? { user: 'somebody', groups: [who.slice(6)] } : { user: who }),
        resourceAttributes: { verb, group: group.join('.'), resource, subresource, namespace, name },
      },
    }
  })
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const answer = 'jsonpath={.status.allowed} '
  const text = await plane.mustKubectl(['create', '-f', '-', '-o', answer], { stdin: list })
  const answers = text.trim().split(' ')
  return rights.map(([who, verb, path, namespace, name, wanted], index) => ({
    is: answers[index] === 'true',
    wanted,
    name: `${who} ${wanted ? 'may' : 'may not'} ${verb} ${path} ${namespace}/${name}`,
  }))
}
