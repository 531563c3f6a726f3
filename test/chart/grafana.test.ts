import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { profileTypeIdOf } from '../../query/grafana/profile-type-id.ts'
import { bothHelms, chart } from '../support/helm.ts'
import { find, kubernetes, type Rendered, readObjects } from './rendered.ts'

const helms = await bothHelms(t)
const file = readFileSync(join(chart, 'files/grafana-dashboard.json'), 'utf8')

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly targets?: readonly { readonly profileTypeId?: string; readonly expr?: string }[]
}

interface Dashboard {
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] }
}

async function render(...values: string[]): Promise<Rendered[]> {
  const parameters = [
    'template',
    'rel',
    chart,
    '--namespace=ns',
    kubernetes,
    ...values.map((each) => `--set=${each}`),
  ]
  const [three, four] = await Promise.all(helms.map((helm) => helm.must(parameters)))
  const maps = (text: string) => readObjects(text).filter(({ kind }) => kind === 'ConfigMap')
  t.same(maps(three!), maps(four!), 'both Helms say the same')
  return maps(four!)
}

t.test('nothing unless it is wanted', async (t) => {
  t.notOk((await render()).some(({ metadata }) => metadata.name.includes('grafana')))
})

t.test('the dashboard', async (t) => {
  const objects = await render(
    'grafana.dashboard.enabled=true',
    'query.externalUrl=https://tools.example.com/profiles/',
  )
  t.notOk(find(objects, 'ConfigMap', 'rel-conprof-grafana-datasource'))
  const map = find(objects, 'ConfigMap', 'rel-conprof-grafana-dashboard')!
  t.equal(map.metadata.labels['grafana_dashboard'], '1')
  t.equal(map.metadata.namespace, 'ns')
  const text = map.data!['conprof.json']!
  t.equal(
    text.trim(),
    file.replaceAll('http://localhost:8080', 'https://tools.example.com/profiles').trim(),
    'the file, with the address that people open',
  )
  const moved = await render('grafana.dashboard.enabled=true', 'grafana.namespace=monitoring')
  t.equal(find(moved, 'ConfigMap', 'rel-conprof-grafana-dashboard')!.metadata.namespace, 'monitoring')
})

t.test('the dashboard fits what is stored and what Grafana knows', async (t) => {
  const dashboard = JSON.parse(file) as Dashboard
  const { panels, templating } = dashboard
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const names = new Set(templating.list.map(({ name }) => name))
  const builtIn = ['__field', '__value', '__rate_interval', '__all']
  for (const [, name] of file.matchAll(/\$\{?(\w+)/g))
    t.ok(names.has(name!) || builtIn.includes(name!), `$${name}`)
  const ids = [
    ['cpu', 'cpu', 'nanoseconds'],
    ['heap', 'inuse_space', 'bytes'],
    ['heap', 'alloc_space', 'bytes'],
    ['goroutine', 'goroutine', 'count'],
  ].map(([profileType, type, unit]) =>
    Object.values(profileTypeIdOf(profileType!, { type: type!, unit: unit! })).join(':'),
  )
  for (const { type, title, description, datasource, targets = [] } of panels) {
    if (type === 'row') continue
    t.match(description, /\.$/, `${title} says what it shows`)
    t.ok(targets.length > 0, title)
    for (const { profileTypeId, expr } of targets) {
      if (datasource!.type === 'grafana-pyroscope-datasource')
        t.ok(ids.includes(profileTypeId!), `${title}: ${profileTypeId}`)
      else t.match(expr, /conprof_\w+/, title)
    }
  }
})

t.test('the datasource', async (t) => {
  const sourceOf = async (...values: string[]) => {
    const map = find(
      await render('grafana.datasource.enabled=true', ...values),
      'ConfigMap',
      'rel-conprof-grafana-datasource',
    )!
    t.equal(map.metadata.labels['grafana_datasource'], '1')
    return (parse(map.data!['conprof.yaml']!) as { datasources: unknown[] }).datasources[0]
  }
  t.strictSame(await sourceOf(), {
    name: 'conprof',
    uid: 'conprof',
    type: 'grafana-pyroscope-datasource',
    access: 'proxy',
    url: 'http://rel-conprof-query.ns.svc:8080',
    jsonData: { minStep: '15s' },
    editable: false,
  })
  t.match(
    await sourceOf('query.routePrefix=/profiles', 'query.service.port=80', 'query.webConfig.tlsSecret=tls'),
    { url: 'https://rel-conprof-query.ns.svc:80/profiles', jsonData: { tlsSkipVerify: true } },
  )
  t.match(
    await sourceOf('grafana.datasource.url=https://profiles.example.com', 'query.webConfig.tlsSecret=tls'),
    {
      url: 'https://profiles.example.com',
      jsonData: { tlsSkipVerify: undefined },
    },
  )
  t.match(await sourceOf('grafana.datasource.basicAuthUser=grafana'), {
    basicAuth: true,
    basicAuthUser: 'grafana',
    secureJsonData: { basicAuthPassword: '$CONPROF_PASSWORD' },
  })
})
