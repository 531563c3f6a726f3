import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import bcrypt from 'bcryptjs'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../log.ts'
import { HttpServer } from './http-server.ts'
import { createWebApp, routePrefixOf, type WebAppOptions } from './web-app.ts'
import { parseWebConfig, readWebConfig } from './web-config.ts'

const logger = silentLogger()

async function serve(t: Test, options: Partial<WebAppOptions> = {}): Promise<string> {
  const app = createWebApp({
    registry: new Registry(),
    logger,
    routePrefix: '',
    webConfig: { basicAuthUsers: new Map() },
    notReady: () => undefined,
    routes: [],
    ...options,
  })
  const server = await HttpServer.listen(app.callback(), { address: { host: '127.0.0.1', port: 0 }, logger })
  const stop = new AbortController()
  const running = server.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await running
  })
  return `http://127.0.0.1:${server.address.port}`
}

t.test('every program says whether it is healthy and ready, and why not', async (t) => {
  let missing: string | undefined = 'the first listing of "memory"'
  const url = await serve(t, { notReady: () => missing })
  t.equal((await fetch(`${url}/-/healthy`)).status, 200)
  const notReady = await fetch(`${url}/-/ready`)
  t.equal(notReady.status, 503)
  t.match(await notReady.text(), /not ready: the first listing of "memory"/)
  missing = undefined
  t.equal((await fetch(`${url}/-/ready`)).status, 200)
})

t.test('metrics name routes, never paths', async (t) => {
  const url = await serve(t)
  await fetch(`${url}/-/healthy`)
  await fetch(`${url}/wp-login.php`)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  t.match(metrics, 'handler="/-/healthy",method="GET",code="200"')
  t.match(metrics, 'handler="other",method="GET",code="404"')
  t.notMatch(metrics, 'wp-login')
})

t.test('reload and quit need --web.enable-lifecycle', async (t) => {
  const off = await serve(t)
  t.equal((await fetch(`${off}/-/reload`, { method: 'POST' })).status, 403)
  const calls: string[] = []
  const reload = async () => {
    calls.push('reload')
    if (calls.length > 1) throw new Error('config "x.yaml": no')
  }
  const on = await serve(t, { lifecycle: { reload, quit: () => calls.push('quit') } })
  t.equal((await fetch(`${on}/-/reload`, { method: 'POST' })).status, 200)
  const failed = await fetch(`${on}/-/reload`, { method: 'POST' })
  t.equal(failed.status, 500)
  t.equal(await failed.text(), 'config "x.yaml": no\n')
  t.equal((await fetch(`${on}/-/quit`, { method: 'POST' })).status, 200)
  t.equal((await fetch(`${on}/-/reload`)).status, 404)
  t.strictSame(calls, ['reload', 'reload', 'quit'])
})

t.test('a route prefix moves everything', async (t) => {
  t.equal(routePrefixOf({ externalUrl: 'https://example.org/profiles/' }), '/profiles')
  t.equal(routePrefixOf({ externalUrl: 'https://example.org/a', routePrefix: '/' }), '')
  const url = await serve(t, { routePrefix: '/conprof' })
  t.equal((await fetch(`${url}/conprof/-/healthy`)).status, 200)
  t.equal((await fetch(`${url}/-/healthy`)).status, 404)
  const bare = await fetch(`${url}/conprof`, { redirect: 'manual' })
  t.equal(bare.headers.get('location'), '/conprof/')
})

t.test('basic auth guards every path but those of probes', async (t) => {
  const basicAuthUsers = new Map([['ann', bcrypt.hashSync('secret', 4)]])
  const url = await serve(t, { webConfig: { basicAuthUsers } })
  const statusOf = async (credentials?: string) => {
    const headers = credentials === undefined ? {} : { authorization: `Basic ${btoa(credentials)}` }
    return (await fetch(`${url}/metrics`, { headers })).status
  }
  t.equal(await statusOf(), 401)
  t.equal(await statusOf('ann:wrong'), 401)
  t.equal(await statusOf('bob:secret'), 401)
  t.equal(await statusOf('ann:secret'), 200)
  t.equal(await statusOf('ann:secret'), 200)
})

t.test('a port in use is one clear line', async (t) => {
  const url = await serve(t)
  const address = { host: '127.0.0.1', port: Number(new URL(url).port) }
  await t.rejects(
    HttpServer.listen(() => {}, { address, logger }),
    {
      message: `listen on "127.0.0.1:${address.port}": the port is in use; stop what listens there or choose another with --web.listen-address`,
    },
  )
})

t.test('TLS from a web config file, with client certificates', async (t) => {
  const dir = t.testdir({
    'web.yaml':
      'tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n  client_auth_type: RequireAnyClientCert\n',
  })
  const openssl = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync(
    'openssl',
    [...openssl, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'].concat([
      '-keyout',
      join(dir, 'key.pem'),
      '-out',
      join(dir, 'cert.pem'),
    ]),
    { stdio: 'ignore' },
  )
  const webConfig = await readWebConfig(join(dir, 'web.yaml'))
  const app = createWebApp({
    registry: new Registry(),
    logger,
    routePrefix: '',
    webConfig,
    notReady: () => undefined,
    routes: [],
  })
  const server = await HttpServer.listen(app.callback(), {
    address: { host: '127.0.0.1', port: 0 },
    tls: webConfig.tls,
    logger,
  })
  const stop = new AbortController()
  const running = server.run({ signal: stop.signal })
  const cert = readFileSync(join(dir, 'cert.pem'))
  const key = readFileSync(join(dir, 'key.pem'))
  const get = (client: object) =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { port: server.address.port, host: '127.0.0.1', servername: 'localhost', ca: cert }
      const sent = request({ ...options, ...client, path: '/-/healthy', agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      sent.on('error', reject).end()
    })
  t.equal(await get({}), 403)
  t.equal(await get({ cert, key }), 200)
  stop.abort()
  await running
})

t.test('web config errors name the file and the key', async (t) => {
  const cases: [string, RegExp][] = [
    ['basic_auth_users: {ann: secret}', /^web config "w.yaml": basic_auth_users: ann: want a bcrypt hash$/],
    ['tls_server_config: {cert_file: a}', /^web config "w.yaml": tls_server_config: key_file: /],
    ['tls: {}', /^web config "w.yaml": .*"tls"/],
    ['a: [', /^web config "w.yaml": .* at line 1/],
    [
      'tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}',
      /needs client_ca_file$/,
    ],
  ]
  for (const [text, message] of cases) t.throws(() => parseWebConfig(text, 'w.yaml'), { message }, text)
  t.strictSame(parseWebConfig('', 'w.yaml'), { basicAuthUsers: new Map() })
})
