import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Answer, CollectorsAnswer, ProfilesAnswer, TargetsAnswer } from '../../query/api/types.ts'
import { goToolPprof } from '../../query/testdata/go-tool-pprof.ts'
import { ClusterCollectors } from '../support/cluster-collectors.ts'
import { createNamespace, createPod } from '../support/cluster-pods.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { release, releaseNamespace, startOperatorRig } from '../support/operator-rig.ts'
import { startPrometheus } from '../support/prometheus.ts'
import { until as untilIt } from '../support/until.ts'

const until = <Found>(what: string, find: () => Promise<Found | undefined>) =>
  untilIt(what, find, 90_000, 200)

t.test('an annotation, and seconds later the profile is in the answer of query', async (t) => {
  const dir = t.testdir({ token: 'a-token-of-this-release', bucket: {}, prometheus: {} })
  const token = ['--web.token-file', join(dir, 'token')]
  const objstore = join(dir, 'objstore.yaml')
  writeFileSync(objstore, JSON.stringify({ type: 'FILESYSTEM', config: { directory: join(dir, 'bucket') } }))
  const rig = await startOperatorRig(t, { replicas: 2 })
  const { client, plane } = rig
  const collectors = await ClusterCollectors.open(t, rig, {
    flags: [...token, `--objstore.config-file=${objstore}`, '--external-label=cluster=default'],
  })
  const own = { 'conprof.io/scrape': 'true', 'conprof.io/profiles': 'heap', 'conprof.io/interval': '5s' }
  await collectors.start(0, { annotations: own })
  await collectors.start(1)
  const operator = await rig.startOperator({ flags: [...token, `--collectors.port=${collectors.port}`] })
  const query = await startConprof(
    [
      ...[...collectors.urls().values()].map((url) => `--collectors=${url}`),
      `--objstore.config-file=${objstore}`,
      ...token,
    ],
    'query',
  )
  t.teardown(() => query.stop())
  const get = async <Data>(path: string, parameters: Record<string, string> = {}): Promise<Data> => {
    const response = await fetch(`${query.url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const answer = (await response.json()) as Answer<Data>
    if (answer.status !== 'success') throw new Error(answer.error)
    return answer.data
  }
  await until('both collectors get targets', async () => {
    const { collectors } = await get<CollectorsAnswer>('status/collectors')
    return collectors.every(({ reachable }) => reachable) ? true : undefined
  })

  await createNamespace(client, 'shop')
  const prometheus = await startPrometheus(join(dir, 'prometheus'))
  t.teardown(() => prometheus.stop())
  const port = Number(prometheus.address.split(':')[1])
  const annotatedMs = Date.now()
  await createPod(client, {
    namespace: 'shop',
    name: 'prometheus-0',
    ip: '127.0.0.1',
    owner: { kind: 'StatefulSet', name: 'prometheus' },
    annotations: {
      'conprof.io/scrape': 'true',
      'conprof.io/interval': '10s',
      'conprof.io/seconds': '2',
      'conprof.io/profiles': 'cpu,heap',
    },
    containers: [
      {
        name: 'prometheus',
        image: 'prom/prometheus:v2.42.0',
        ports: [{ containerPort: port, name: 'debug' }],
      },
    ],
  })

  t.test('it is there within a slot, with its labels and its process', async (t) => {
    const profileOf = (type: string) => async () => {
      const { profiles } = await get<ProfilesAnswer>('profiles', {
        query: `{namespace="shop", profile_type="${type}"}`,
      })
      // A machine that is busy with something else may be late with the first.
      return profiles.find(({ health }) => health === 'ok')
    }
    const profile = await until('a heap profile', profileOf('heap'))
    // A few seconds and a slot of ten; what waited for a list, a relist or a block would come minutes later.
    const tookMs = Date.now() - annotatedMs
    t.ok(tookMs < 60_000, `${tookMs} ms after it was annotated`)
    t.match(profile.labels, {
      cluster: 'default',
      namespace: 'shop',
      workload: 'prometheus',
      workload_kind: 'StatefulSet',
      pod: 'prometheus-0',
      container: 'prometheus',
      node: 'node-1',
      version: 'v2.42.0',
      service_name: 'shop/prometheus',
      profile_type: 'heap',
      instance: `127.0.0.1:${port}`,
    })
    const cpu = await until('a cpu profile', profileOf('cpu'))
    t.ok(
      cpu.durationSeconds > 1.5 && cpu.durationSeconds < 8,
      `${cpu.durationSeconds} s, not the default's 10`,
    )
    const top = await goToolPprof(t, ['-top', `${query.url}/api/v1/profile?id=${profile.id}`])
    if (top !== undefined) t.match(top, /Type: inuse_space/)
  })

  t.test('our own pods are scraped with the release’s token', async (t) => {
    const { profiles } = await until('a profile of a collector', async () => {
      const answer = await get<ProfilesAnswer>('profiles', { query: `{namespace="${releaseNamespace}"}` })
      return answer.profiles.some(({ health }) => health === 'ok') ? answer : undefined
    })
    t.equal(profiles[0]!.labels['pod'], `${release}-collector-0`)
  })

  t.test('check pod tells the whole chain', async (t) => {
    const check = (pod: string) =>
      runConprof(['check', 'pod', pod, `--operator.url=${operator.url}`, ...token])
    // The operator asks the collectors every now and then.
    const scraped = await until('the chain to be whole', async () => {
      const checked = await check('shop/prometheus-0')
      return checked.code === 0 && /heap.* ok/.test(checked.stdout) ? checked : undefined
    })
    t.equal(scraped.stderr, '')
    t.match(scraped.stdout, /annotations: conprof\.io\/scrape is "true" on the pod/)
    t.match(scraped.stdout, new RegExp(`port ${port}`))
    t.match(scraped.stdout, /collector|shard/)
    t.match(scraped.stdout, /heap.* ok/)
    t.equal(scraped.code, 0, scraped.stdout + scraped.stderr)
    const unknown = await check('shop/nobody')
    t.equal(unknown.code, 2)
    t.match(unknown.stderr, /shop\/nobody/)
    const closed = await fetch(`${operator.url}/targets`)
    t.equal(closed.status, 401)
    const page = await fetch(`${operator.url}/api/v1/targets`, {
      headers: { authorization: `Basic ${btoa('me:a-token-of-this-release')}` },
    })
    t.match(await page.text(), /prometheus-0/)
  })

  t.test('a mesh that refuses is named, with what fixes it, wherever somebody looks', async (t) => {
    const proxy = createServer((_, response) =>
      response
        .writeHead(503, { server: 'envoy' })
        .end('upstream connect error or disconnect/reset before headers'),
    )
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    t.teardown(() => proxy.close())
    const meshPort = (proxy.address() as AddressInfo).port
    await createPod(client, {
      namespace: 'shop',
      name: 'meshed-0',
      ip: '127.0.0.1',
      labels: { app: 'meshed' },
      annotations: { 'sidecar.istio.io/status': '{}' },
      owner: { kind: 'StatefulSet', name: 'meshed' },
      containers: [
        { name: 'app', ports: [{ containerPort: meshPort, name: 'pprof' }] },
        { name: 'istio-proxy', image: 'istio/proxyv2:1.27.0', ports: [{ containerPort: 15_090 }] },
      ],
    })
    await plane.mustKubectl(['apply', '-f', '-'], {
      stdin: `
apiVersion: conprof.io/v1alpha1
kind: ProfileTarget
metadata: {name: meshed, namespace: shop}
spec:
  selector: {matchLabels: {app: meshed}}
  endpoints: [{port: pprof, interval: 10s, timeout: 3s, profiles: [{type: cpu, enabled: false}]}]
`,
    })
    const remedy = `traffic.sidecar.istio.io/excludeInboundPorts: "${meshPort}"`
    const target = await until('the target to be refused', async () => {
      const { activeTargets } = await get<TargetsAnswer>('targets')
      return activeTargets.find(
        ({ labels, health }) => labels['pod'] === 'meshed-0' && health === 'mesh-blocked',
      )
    })
    t.match(target.remedy, remedy)
    t.equal(target.labels['mesh'], 'istio')
    const event = await until('an event', async () => {
      const described = await plane.mustKubectl(['describe', 'pod', '-n', 'shop', 'meshed-0'])
      return described.includes('excludeInboundPorts: "') ? described : undefined
    })
    t.match(event, remedy)
    const shown = await until('the condition', async () => {
      const text = await plane.mustKubectl(['get', 'pft', '-n', 'shop', 'meshed', '-o', 'yaml'])
      return text.includes('excludeInboundPorts') ? text : undefined
    })
    t.match(shown, /type: TargetsHealthy/)
    t.match(
      await plane.mustKubectl(['get', 'pft', '-n', 'shop', 'meshed']),
      /meshed +1 +1 +True +SomeFailing/,
    )
    const checked = await runConprof([
      ...['check', 'pod', 'shop/meshed-0', `--operator.url=${operator.url}`],
      ...token,
    ])
    t.match(checked.stdout, remedy)
    t.equal(checked.code, 1)
  })
})
