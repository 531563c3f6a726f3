import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { bothHelms, chart } from '../support/helm.ts'
import { type Container, find, kubernetes, type Rendered, readObjects } from './rendered.ts'

const helms = await bothHelms(t)

/** With a file of values. */
async function render(t: Test, values: string): Promise<Rendered[]> {
  const file = join(t.testdir({ 'values.yaml': values }), 'values.yaml')
  return readObjects(await helms.at(-1)!.must(['template', 'rel', chart, kubernetes, `--values=${file}`]))
}

t.test('the heap is about 70 % of the memory limit', async (t) => {
  // A number in a file of values is another type to Helm than one on the command line.
  const cases: [string, string][] = [
    ['1Gi', '716'],
    ['512Mi', '358'],
    ['2G', '1335'],
    ['1073741824', '716'],
    ['1e9', '667'],
    ['"1073741824"', '716'],
    ['1073741824000m', '716'],
    ['1.5Gi', '1075'],
    ['64Mi', '64'],
  ]
  for (const [limit, heap] of cases) {
    const objects = await render(t, `operator: {resources: {limits: {memory: ${limit}}}}`)
    const { env } = find(objects, 'Deployment', 'rel-conprof-operator')!.spec.template.spec
      .containers[0] as Container
    t.same(
      env,
      [
        { name: 'NODE_OPTIONS', value: `--max-semi-space-size=4 --max-old-space-size=${heap}` },
        { name: 'MALLOC_ARENA_MAX', value: '2' },
      ],
      limit,
    )
  }
})

t.test('labels and annotations of values are there once, and none that selectors count on', async (t) => {
  const ours = { 'app.kubernetes.io/name': 'other', 'app.kubernetes.io/part-of': 'other', team: 'a' }
  const collector = {
    podLabels: { ...ours, 'conprof.io/release': 'other' },
    podAnnotations: { 'conprof.io/scrape': 'false', note: 'b' },
  }
  const objects = await render(t, JSON.stringify({ commonLabels: ours, collector }))
  const { metadata, spec } = find(objects, 'StatefulSet', 'rel-conprof-collector')!
  const own = { 'app.kubernetes.io/name': 'conprof', 'app.kubernetes.io/part-of': 'conprof', team: 'a' }
  t.match(metadata.labels, own)
  t.match(spec.template.metadata.labels, { ...own, ...spec.selector.matchLabels })
  t.equal(spec.template.metadata.labels['conprof.io/release'], 'rel-conprof')
  t.match(spec.template.metadata.annotations, { ...collector.podAnnotations, 'conprof.io/port': 'http' })
})

t.test('what is wrong is one clear line', async (t) => {
  const hash = '$2b$10$gi0peYJ532T5NV8KSXfgKef1sYlRFbWY8V1y7vEObolJGJcSQEyWC'
  const noAuth = (how: string) =>
    `query is exposed by ${how} and asks nobody who they are: want query.webConfig.users or ` +
    'query.webConfig.existingSecret, or query.exposeWithoutAuth=true where something in front of it asks'
  const cases: [string[], string | undefined][] = [
    [['query.ingress.enabled=true'], noAuth('an Ingress')],
    [['query.service.type=LoadBalancer'], noAuth('a Service of type LoadBalancer')],
    [['query.service.type=NodePort'], noAuth('a Service of type NodePort')],
    [['query.service.type=NodePort', 'query.webConfig.tlsSecret=tls'], noAuth('a Service of type NodePort')],
    [['query.service.type=NodePort', 'query.exposeWithoutAuth=true'], undefined],
    [['query.service.type=NodePort', 'query.webConfig.existingSecret=web'], undefined],
    [['query.ingress.enabled=true', `query.webConfig.users.ann=${hash}`], undefined],
    [
      ['collector.replicas=11', 'bucket.existingSecret=b'],
      'collector.replicas is 11, collector.maxReplicas 10: want no more replicas than that, or a larger maxReplicas',
    ],
    [
      ['collector.replicas=2'],
      'collector.replicas is 2 without a bucket: want bucket.existingSecret or bucket.config, since in try-out mode there is one',
    ],
    [
      ['query.replicas=2'],
      'query.replicas is 2 without a bucket: want bucket.existingSecret or bucket.config, since in try-out mode there is one',
    ],
    [
      ['bucket.existingSecret=b', 'bucket.config.type=S3', 'bucket.config.config.bucket=b'],
      'bucket.existingSecret and bucket.config are both set: want one of them',
    ],
    [
      ['query.webConfig.existingSecret=web', 'query.webConfig.tlsSecret=tls'],
      'query.webConfig.existingSecret is a whole web config: want it alone, or users and tlsSecret without it',
    ],
    [['replicas=2'], "at '': additional properties 'replicas' not allowed"],
    [['collector.replica=2'], "at '/collector': additional properties 'replica' not allowed"],
    [['collector.replicas=two'], "at '/collector/replicas': got string, want integer"],
    [['collector.replicas=0'], "at '/collector/replicas': minimum: got 0, want 1"],
    [['query.service.port=http'], "at '/query/service/port': got string, want integer"],
    [
      ['query.service.type=External'],
      "at '/query/service/type': value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'",
    ],
    [
      ['query.webConfig.users.ann=secret'],
      "at '/query/webConfig/users/ann': 'secret' does not match pattern",
    ],
    [['query.routePrefix=conprof'], "at '/query/routePrefix': 'conprof' does not match pattern"],
    [['defaultInterval=1 minute'], "at '/defaultInterval': '1 minute' does not match pattern"],
    [['retention.size=500'], "at '/retention/size'"],
    [['annotationCompat=pyroscope'], "at '/annotationCompat': value must be one of '', 'grafana'"],
    [['bucket.config.type=GCS'], "at '/bucket/config/type': value must be one of 'S3', 'FILESYSTEM'"],
    [['bucket.config.type=S3'], "at '/bucket/config': properties 'config' required, if 'type' exists"],
    [
      ['operator.resources.limits.memory=lots'],
      "at '/operator/resources/limits/memory': 'lots' does not match pattern",
    ],
    [
      ['operator.logLevel=verbose'],
      "at '/operator/logLevel': value must be one of 'debug', 'info', 'warn', 'error'",
    ],
    [['cluster='], "at '/cluster': minLength: got 0, want 1"],
  ]
  for (const helm of helms) {
    for (const [values, message] of cases) {
      const { code, stderr } = await helm.run([
        'template',
        'rel',
        chart,
        kubernetes,
        ...values.map((value) => `--set=${value}`),
      ])
      const name = `helm ${helm.major}: ${values.join(' ')}`
      if (message === undefined) t.equal(code, 0, `${name}: ${stderr}`)
      else t.ok(code !== 0 && stderr.split('\n').some((line) => line.includes(message)), `${name}: ${stderr}`)
    }
  }
})

t.test('every value has a place in the schema, and every name of the schema a value', async (t) => {
  const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as Record<string, unknown>
  const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Schema
  const own = (node: Schema) =>
    node.$ref === undefined
      ? node
      : (schema['$defs'] as Record<string, Schema>)[node.$ref.split('/').at(-1)!]!
  const compare = (node: Schema, value: unknown, path: string) => {
    const { properties, additionalProperties } = own(node)
    if (properties === undefined || typeof value !== 'object' || value === null) return
    if (path !== 'global') t.equal(additionalProperties, false, `${path} is strict`)
    if (['bucket.config'].includes(path) || /resources\.(limits|requests)$/.test(path)) return
    t.same(Object.keys(value).sort(), Object.keys(properties).sort(), path)
    for (const [key, below] of Object.entries(properties)) {
      compare(below, (value as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`)
    }
  }
  compare(schema, values, '')
})

interface Schema {
  readonly $ref?: string
  readonly properties?: Record<string, Schema>
  readonly additionalProperties?: boolean
  readonly [key: string]: unknown
}
