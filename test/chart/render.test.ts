import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { runConprof } from '../support/conprof.ts'
import { bothHelms, chart } from '../support/helm.ts'
import { type Container, find, kubernetes, type PodSpec, type Rendered, readObjects } from './rendered.ts'

const helms = await bothHelms(t)
const latest = helms.at(-1)!
const monitoring = ['--api-versions=monitoring.coreos.com/v1']
const bucket = ['--set=bucket.existingSecret=b']

async function render(...parameters: string[]): Promise<Rendered[]> {
  return readObjects(
    await latest.must(['template', 'rel', chart, '--namespace=ns', kubernetes, ...parameters]),
  )
}

function podSpecs(objects: readonly Rendered[]): { readonly name: string; readonly spec: PodSpec }[] {
  return objects.flatMap(({ kind, metadata: { name }, spec }) => {
    if (kind === 'Pod') return [{ name, spec }]
    return kind === 'Deployment' || kind === 'StatefulSet' ? [{ name, spec: spec.template.spec }] : []
  })
}

t.test('versions are those of package.json', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const own = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as Record<string, string>
  t.equal(own['version'], version)
  t.equal(own['appVersion'], version)
})

t.test('custom resource definitions are those of crds/', async (t) => {
  const ours = globSync('crds/*.yaml')
    .map((path) => basename(path))
    .sort()
  const charts = globSync(join(chart, 'crd-files/*.yaml'))
    .map((path) => basename(path))
    .sort()
  t.ok(ours.length > 0)
  t.same(charts, ours, 'npm run crds writes both')
  const objects = await render()
  for (const name of ours) {
    const text = readFileSync(`crds/${name}`, 'utf8')
    t.equal(readFileSync(join(chart, 'crd-files', name), 'utf8'), text, `${name}: npm run crds writes both`)
    const definition = parse(text) as Rendered
    const rendered = find(objects, 'CustomResourceDefinition', definition.metadata.name)
    t.same(rendered?.spec, definition.spec, `${name} comes out as it is`)
    t.equal(rendered?.metadata.annotations?.['helm.sh/resource-policy'], 'keep')
  }
  const unkept = await render('--set=crds.keep=false')
  const definitions = unkept.filter(({ kind }) => kind === 'CustomResourceDefinition')
  t.equal(definitions.length, ours.length)
  t.ok(definitions.every(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === undefined))
  t.notOk((await render('--set=crds.enabled=false')).some(({ kind }) => kind === 'CustomResourceDefinition'))
})

for (const path of globSync(join(chart, 'ci/*-values.yaml')).sort()) {
  t.test(`${basename(path)} with both Helms`, async (t) => {
    const outputs: unknown[] = []
    for (const helm of helms) {
      const lint = await helm.run(['lint', '--strict', chart, `--values=${path}`])
      t.equal(lint.code, 0, `helm ${helm.major} lint: ${lint.stdout}${lint.stderr}`)
      const text = await helm.must([
        'template',
        'rel',
        chart,
        '--namespace=ns',
        kubernetes,
        `--values=${path}`,
        ...monitoring,
      ])
      const objects = readObjects(text)
      for (const { kind, data } of objects) {
        // Another one each time.
        if (kind === 'Secret' && data?.['token'] !== undefined) data['token'] = ''
      }
      const names = objects.map(
        ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      )
      t.equal(new Set(names).size, names.length, 'no object twice')
      outputs.push(objects.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)))
      for (const { name, spec } of podSpecs(objects)) checkRestricted(t, name, spec)
      for (const object of objects) {
        if (object.metadata.namespace === undefined) continue
        t.ok(['ns', 'shop', 'billing'].includes(object.metadata.namespace), nameOf(object))
      }
    }
    t.same(outputs[0], outputs[1], 'both say the same')
  })
}

function nameOf({ kind, metadata }: Rendered): string {
  return `${kind}/${metadata.namespace ?? ''}/${metadata.name}`
}

/** As the Pod Security Standard "restricted" wants it, and with what we promise beyond. */
function checkRestricted(t: Test, name: string, spec: PodSpec): void {
  t.equal(spec.securityContext['runAsNonRoot'], true, `${name} runs as somebody`)
  t.same(spec.securityContext['seccompProfile'], { type: 'RuntimeDefault' }, name)
  for (const container of spec.containers) {
    t.same(
      container.securityContext,
      { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      name,
    )
    t.ok((container.resources['limits'] as { memory?: string }).memory, `${name} has a memory limit`)
    const volumes = new Set(spec.volumes.map((volume) => volume.name))
    const unknown = container.volumeMounts.filter(
      (mount) => !volumes.has(mount.name) && mount.name !== 'data',
    )
    t.same(unknown, [], `${name} mounts what there is`)
  }
}

t.test('try-out mode: one program, the folder is its bucket', async (t) => {
  const objects = await render()
  t.same(
    podSpecs(objects)
      .map(({ name }) => name)
      .sort(),
    ['rel-conprof-collector', 'rel-conprof-first-profile', 'rel-conprof-operator'],
  )
  const collector = find(objects, 'StatefulSet', 'rel-conprof-collector')!
  const args: string[] = collector.spec.template.spec.containers[0].args
  t.same(args.slice(0, 3), ['all', '--config.kubernetes=ns/rel-conprof', '--external-label=cluster=default'])
  t.ok(args.includes('--storage.retention.time=90d'))
  t.notOk(args.some((flag) => flag.startsWith('--objstore')))
  const service = find(objects, 'Service', 'rel-conprof-query')!
  t.equal(service.spec.selector['app.kubernetes.io/component'], 'collector')
  t.notOk(args.includes('--web.enable-admin-api'), 'nobody writes unless told so')
  const writable = find(await render('--set=query.adminApi=true'), 'StatefulSet', 'rel-conprof-collector')!
  t.ok(writable.spec.template.spec.containers[0].args.includes('--web.enable-admin-api'))
  const below = await render('--set=query.externalUrl=https://tools.example.com/profiles/')
  const operator = find(below, 'Deployment', 'rel-conprof-operator')!
  t.ok(
    operator.spec.template.spec.containers[0].args.includes('--collectors.route-prefix=/profiles'),
    'the operator asks its collector below the path of query, which it is',
  )
})

t.test('with a bucket: collectors and query', async (t) => {
  const objects = await render(...bucket, '--set=collector.replicas=3,query.replicas=2')
  const collector = find(objects, 'StatefulSet', 'rel-conprof-collector')!
  t.equal(collector.spec.serviceName, 'rel-conprof-collector')
  t.equal(collector.spec.podManagementPolicy, 'Parallel')
  const query = find(objects, 'Deployment', 'rel-conprof-query')!
  t.equal(query.spec.template.spec.automountServiceAccountToken, false)
  t.same(query.spec.template.spec.containers[0].args, [
    'query',
    '--objstore.config-file=/etc/conprof/bucket/objstore.yaml',
    '--collectors=dnssrv+_http._tcp.rel-conprof-collector.ns.svc',
    '--storage.cache-path=/cache',
    '--storage.cache-size=2Gi',
    '--web.listen-address=:8080',
    '--web.token-file=/etc/conprof/token/token',
    '--log.level=info',
  ])
  t.equal(find(objects, 'Service', 'rel-conprof-collector')!.spec.ports[0].name, 'http')
  const budgets = objects
    .filter(({ kind }) => kind === 'PodDisruptionBudget')
    .map(({ metadata }) => metadata.name)
  t.same(budgets.sort(), ['rel-conprof-collector', 'rel-conprof-query'], 'none for a single one')
})

t.test('the cache of query has a volume with room for it, or there is none', async (t) => {
  const podOf = async (...values: string[]): Promise<PodSpec> =>
    find(await render(...bucket, ...values), 'Deployment', 'rel-conprof-query')!.spec.template.spec
  for (const [size, sizeLimit] of [
    ['2Gi', '2305Mi'],
    ['512Mi', '577Mi'],
  ] as const) {
    const { containers, volumes } = await podOf(`--set=query.cacheSize=${size}`)
    t.ok(containers[0]!.args.includes(`--storage.cache-size=${size}`))
    t.match(containers[0]!.volumeMounts?.[0], { name: 'cache', mountPath: '/cache' })
    t.match(volumes?.[0], { name: 'cache', emptyDir: { sizeLimit } })
  }
  const { containers, volumes = [] } = await podOf('--set-string=query.cacheSize=0')
  t.ok(containers[0]!.args.includes('--storage.cache-size=0'))
  t.notOk(volumes.some(({ name }) => name === 'cache'))
})

t.test('with a bucket: one compacts, and deletes what retention says', async (t) => {
  const policy = { retention: [{ match: '{namespace="dev"}', age: '3d' }] }
  const objects = await render(...bucket, `--set-json=retention.policy=${JSON.stringify(policy)}`)
  const { spec } = find(objects, 'Deployment', 'rel-conprof-compact')!
  t.equal(spec.replicas, 1)
  const pod: PodSpec = spec.template.spec
  t.same(pod.containers[0]!.args, [
    'compact',
    '--objstore.config-file=/etc/conprof/bucket/objstore.yaml',
    '--storage.path=/data',
    '--compact.lease=ns/rel-conprof-compact',
    '--compact.interval=5m',
    '--compact.job-size=4096MB',
    '--storage.retention.time=90d',
    '--storage.policy-file=/etc/conprof/policy/policy.yaml',
    '--web.listen-address=:8080',
    '--web.token-file=/etc/conprof/token/token',
    '--log.level=info',
  ])
  t.same(parse(find(objects, 'ConfigMap', 'rel-conprof-policy')!.data!['policy.yaml']!), policy)
  const lease = find(objects, 'Role', 'rel-conprof-compact')!.rules!.filter(({ resources }) =>
    resources.includes('leases'),
  )
  t.match(lease, [
    { verbs: ['create'] },
    { verbs: ['get', 'update'], resourceNames: ['rel-conprof-compact'] },
  ])
  const collector = find(objects, 'StatefulSet', 'rel-conprof-collector')!
  const flags: string[] = collector.spec.template.spec.containers[0].args
  t.notOk(flags.some((flag) => flag.startsWith('--storage.retention') || flag.startsWith('--storage.policy')))
  const without = await render(`--set-json=retention.policy=${JSON.stringify(policy)}`)
  t.notOk(
    without.some(({ metadata }) => metadata.name === 'rel-conprof-compact'),
    'in try-out mode none',
  )
  const all = find(without, 'StatefulSet', 'rel-conprof-collector')!.spec.template.spec
  t.ok(all.containers[0].args.includes('--storage.policy-file=/etc/conprof/policy/policy.yaml'))
  t.ok(all.volumes.some(({ name }: { readonly name: string }) => name === 'policy'))
})

t.test('programs know the flags that they are started with', async (t) => {
  const seen = new Map<string, Set<string>>()
  for (const path of globSync(join(chart, 'ci/*-values.yaml')).sort()) {
    for (const { spec } of podSpecs(await render(`--values=${path}`))) {
      const [program = '', ...flags] = spec.containers[0]!.args
      if (spec.containers[0]!['command'] !== undefined) continue
      const known = seen.get(program) ?? new Set()
      seen.set(program, known)
      for (const flag of flags) known.add(flag.split('=')[0]!)
    }
  }
  t.same([...seen.keys()].sort(), ['all', 'collector', 'compact', 'operator', 'query'])
  for (const [program, flags] of seen) {
    const { stdout } = await runConprof([program, '--help'])
    for (const flag of flags) t.match(stdout, new RegExp(`^ +${flag}\\b`, 'm'), `conprof ${program} ${flag}`)
  }
})

t.test('what cannot be changed later is the same in both modes', async (t) => {
  const [without, with_] = [await render(), await render(...bucket)]
  const facts = (objects: Rendered[]) => {
    const { selector, serviceName, volumeClaimTemplates, podManagementPolicy } = find(
      objects,
      'StatefulSet',
      'rel-conprof-collector',
    )!.spec
    return { selector, serviceName, volumeClaimTemplates, podManagementPolicy }
  }
  t.same(facts(with_), facts(without))
})

t.test('the ServiceMonitor and the PrometheusRule need the cluster to know them', async (t) => {
  const wanted = ['--set=serviceMonitor.enabled=true,prometheusRule.enabled=true']
  const kinds = (objects: Rendered[]) =>
    objects
      .filter(({ kind }) => /Monitor|PrometheusRule/.test(kind))
      .map(nameOf)
      .sort()
  t.same(kinds(await render(...wanted)), [])
  t.same(kinds(await render(...monitoring)), [], 'nor unless they are wanted')
  t.same(kinds(await render(...wanted, ...monitoring, ...bucket)), [
    'PrometheusRule/ns/rel-conprof',
    'ServiceMonitor/ns/rel-conprof-collector',
    'ServiceMonitor/ns/rel-conprof-compact',
    'ServiceMonitor/ns/rel-conprof-operator',
    'ServiceMonitor/ns/rel-conprof-query',
  ])
})

t.test('watchNamespaces: roles there and in the release, no cluster roles', async (t) => {
  const objects = await render('--set=watchNamespaces={shop,billing},rbac.sharedRoles=false')
  t.notOk(objects.some(({ kind }) => kind.startsWith('ClusterRole')))
  const roles = objects.filter(({ kind, metadata }) => kind === 'Role' && metadata.name.endsWith('-watch'))
  t.same(roles.map(({ metadata }) => metadata.namespace).sort(), ['billing', 'ns', 'shop'])
  const { args } = find(objects, 'Deployment', 'rel-conprof-operator')!.spec.template.spec
    .containers[0] as Container
  t.ok(args.includes('--watch.namespaces=billing,ns,shop'), 'what is watched is what is allowed')
})
