import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { rootCertificates } from 'node:tls'
import { Registry } from 'prom-client'
import t from 'tap'
import { startControlPlane } from '../support/control-plane.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const secrets = '/api/v1/namespaces/default/secrets'

const plane = await startControlPlane(t)

t.test('requests, applies and streams', async (t) => {
  const registry = new Registry()
  const client = await plane.client({ registry })
  t.equal(client.server, plane.url)
  t.equal(client.lastAnswerMs, Number.NEGATIVE_INFINITY)
  const object = (data: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'one' },
    data,
  })
  type ConfigMap = {
    metadata: { resourceVersion: string; managedFields: { manager: string }[] }
    data: object
  }
  const askedMs = performance.now()
  const first = await client.apply<ConfigMap>(`${configMaps}/one`, object({ a: '1' }))
  t.ok(client.lastAnswerMs > askedMs && client.lastAnswerMs <= performance.now())
  t.equal(first.metadata.managedFields[0]?.manager, 'conprof-operator')

  const abort = new AbortController()
  const chunks = await client.stream({
    path: configMaps,
    query: { watch: 'true', resourceVersion: first.metadata.resourceVersion },
    signal: abort.signal,
  })
  const second = await client.apply<ConfigMap>(`${configMaps}/one`, object({ b: '2' }))
  t.strictSame(second.data, { b: '2' }, 'owns what it sends, and what it does not send any more is gone')
  let text = ''
  await t.rejects(
    async () => {
      for await (const chunk of chunks) {
        text += Buffer.from(chunk)
        if (text.endsWith('\n')) abort.abort(new Error('enough'))
      }
    },
    { message: 'enough' },
  )
  t.equal(JSON.parse(text).type, 'MODIFIED')

  const stale = {
    ...object({ c: '3' }),
    metadata: { name: 'one', resourceVersion: first.metadata.resourceVersion },
  }
  await t.rejects(client.apply(`${configMaps}/one`, stale), { code: 'CONFLICT', status: 409 })
  const metrics = await registry.metrics()
  t.match(metrics, 'conprof_kube_requests_total{method="PATCH",code="200"} 1')
  t.match(metrics, 'conprof_kube_requests_total{method="PATCH",code="201"} 1')
  t.match(metrics, 'conprof_kube_requests_total{method="PATCH",code="409"} 1')
  t.match(metrics, 'conprof_kube_requests_total{method="WATCH",code="200"} 1')
  t.match(metrics, 'conprof_kube_request_duration_seconds_count{method="PATCH"} 3')
})

t.test('its errors are one line each', async (t) => {
  const client = await plane.client()
  const { token } = await plane.createServiceAccount('shop', 'nobody')
  const nobody = await plane.client({ kubeconfig: await plane.writeKubeconfig({ token }) })
  const wrongToken = await plane.client({ kubeconfig: await plane.writeKubeconfig({ token: 'wrong' }) })
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } }
  const text = Buffer.from('hunter2').toString('base64')
  const table: [() => Promise<unknown>, { code: string; message?: string | RegExp; status?: number }][] = [
    [
      () => client.request({ path: `${configMaps}/none` }),
      {
        code: 'NOT_FOUND',
        message: `get "${configMaps}/none": 404 NotFound: configmaps "none" not found`,
      },
    ],
    [
      () => nobody.request({ path: configMaps }),
      { code: 'FORBIDDEN', message: /^get "\S+": 403 Forbidden: .*"system:serviceaccount:shop:nobody"/ },
    ],
    [() => wrongToken.request({ path: configMaps }), { code: 'UNAUTHORIZED', status: 401 }],
    [
      () => client.request({ method: 'POST', path: configMaps, body: { metadata: { name: 'UPPER' } } }),
      { code: 'INVALID', message: /^post "\S+": 422 Invalid: ConfigMap "UPPER" is invalid/ },
    ],
    [
      () => client.request({ method: 'POST', path: configMaps, body: { metadata: { name: 'one' } } }),
      { code: 'ALREADY_EXISTS' },
    ],
    [
      () => client.apply(`${secrets}/x`, { ...secret, data: { 'no such key': text, hunter2: 'hunter2' } }),
      { code: 'SERVER_ERROR', message: /^patch "\S+\/secrets\/x": [45]\d\d( \w+)?$/ },
    ],
    [() => client.request({ path: '/nothing/here' }), { code: 'NOT_FOUND' }],
    [
      () => client.stream({ path: configMaps, query: { watch: '1', resourceVersion: 'x' } }),
      { code: 'SERVER_ERROR', message: /^watch "\S+": 500: resourceVersion: Invalid value/ },
    ],
  ]
  for (const [request, expected] of table) {
    await t.rejects(request, expected)
  }
  const signal = AbortSignal.abort(new Error('stopped'))
  await t.rejects(client.request({ path: configMaps, signal }), { message: 'stopped' })
})

t.test('a token in a file is read again when it is refused', async (t) => {
  const folder = t.testdir()
  await writeFile(join(folder, 'token'), 'old\n')
  const config = JSON.parse(await readFile(plane.kubeconfig, 'utf8'))
  config.users[0].user = { tokenFile: 'token' }
  await writeFile(join(folder, 'config'), JSON.stringify(config))
  const client = await plane.client({ kubeconfig: join(folder, 'config') })
  await t.rejects(client.request({ path: configMaps }), { code: 'UNAUTHORIZED' })
  await writeFile(join(folder, 'token'), `${plane.token}\n`)
  await client.request({ path: configMaps })
})

t.test('certificates that are replaced', async (t) => {
  const folder = t.testdir()
  const config = JSON.parse(await readFile(plane.kubeconfig, 'utf8'))
  const { server } = config.clusters[0].cluster
  config.clusters[0].cluster = { server, 'certificate-authority': 'ca.crt' }
  await writeFile(join(folder, 'config'), JSON.stringify(config))
  const [other] = rootCertificates
  await writeFile(join(folder, 'ca.crt'), other!)
  const client = await plane.client({ kubeconfig: join(folder, 'config') })
  await t.rejects(client.request({ path: configMaps }), { code: 'UNREACHABLE', message: /certificate/ })
  await rm(join(folder, 'ca.crt'))
  await setTimeout(1100)
  await t.rejects(client.request({ path: configMaps }), { code: 'UNREACHABLE', message: /certificate/ })
  await writeFile(join(folder, 'ca.crt'), await readFile(plane.caFile))
  await setTimeout(1100)
  await client.request({ path: configMaps })
})

t.test('a credential plugin is asked', async (t) => {
  const folder = t.testdir()
  const config = JSON.parse(await readFile(plane.kubeconfig, 'utf8'))
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: plane.token },
  }
  config.users[0].user = {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
      env: [{ name: 'NODE_OPTIONS', value: '' }],
      interactiveMode: 'Never',
    },
  }
  await writeFile(join(folder, 'config'), JSON.stringify(config))
  const client = await plane.client({ kubeconfig: join(folder, 'config') })
  await client.request({ path: configMaps })
})

t.test('a server that is away, and comes back', async (t) => {
  const client = await plane.client()
  await client.request({ path: configMaps })
  await plane.stopApiServer()
  await t.rejects(client.request({ path: configMaps }), {
    code: 'UNREACHABLE',
    message: new RegExp(`^get "\\S+": no answer from ${plane.url}: \\S.*$`),
  })
  await plane.startApiServer()
  await client.request({ path: configMaps })
})
