import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import bcrypt from 'bcryptjs'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../log.ts'
import { HttpServer } from './http-server.ts'
import { TokenFile } from './token-file.ts'
import { createWebApp } from './web-app.ts'

const logger = silentLogger()

async function serve(
  t: Test,
  options: {
    readonly users?: ReadonlyMap<string, string>
    readonly routePrefix?: string
    readonly graceMs?: number
  } = {},
) {
  const path = join(t.testdir({ token: 'first-token\n' }), 'token')
  const file = await TokenFile.open(path, {
    logger,
    ...(options.graceMs !== undefined && { graceMs: options.graceMs }),
  })
  const app = createWebApp({
    registry: new Registry(),
    logger,
    routePrefix: options.routePrefix ?? '',
    webConfig: { basicAuthUsers: options.users ?? new Map() },
    token: { file, guards: (path) => path !== '/-/healthy' },
    notReady: () => undefined,
    routes: [],
  })
  const server = await HttpServer.listen(app.callback(), { address: { host: '127.0.0.1', port: 0 }, logger })
  const stop = new AbortController()
  const running = server.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await running
  })
  const get = (path: string, authorization?: string) =>
    fetch(`http://127.0.0.1:${server.address.port}${path}`, {
      headers: authorization === undefined ? {} : { authorization },
    })
  return { path, file, get, statusOf: async (...ask: Parameters<typeof get>) => (await get(...ask)).status }
}

t.test('bearerToken() opens what it guards to the token alone', async (t) => {
  const { get, statusOf, file } = await serve(t)
  const refused = await get('/metrics')
  t.equal(refused.status, 401)
  t.equal(
    refused.headers.get('www-authenticate'),
    'Bearer realm="conprof", Basic realm="conprof: any user, the token as password"',
  )
  t.equal(
    await refused.text(),
    'unauthorized: want "Authorization: Bearer …" with the token of --web.token-file, or the token as a password\n',
  )
  const cases: [string | undefined, number][] = [
    ['Bearer first-token', 200],
    [`Basic ${btoa('anybody:first-token')}`, 200],
    [`Basic ${btoa('first-token:wrong')}`, 401],
    ['bearer first-token', 200],
    [await file.authorization(), 200],
    ['Bearer first-toke', 401],
    ['Bearer first-token2', 401],
    ['Bearer', 401],
    ['Bearer ', 401],
    ['first-token', 401],
  ]
  for (const [header, status] of cases) t.equal(await statusOf('/metrics', header), status, header ?? 'none')
  t.equal(await statusOf('/-/healthy'), 200)
  t.equal(await statusOf('/nothing-there'), 401, 'what there is does not show')
})

t.test('bearerToken() looks at paths behind the prefix', async (t) => {
  const { statusOf } = await serve(t, { routePrefix: '/conprof' })
  t.equal(await statusOf('/conprof/-/healthy'), 200)
  t.equal(await statusOf('/conprof/metrics'), 401)
  t.equal(await statusOf('/conprof/metrics', 'Bearer first-token'), 200)
})

t.test('users may see what the token guards, others whether it is healthy', async (t) => {
  const { statusOf } = await serve(t, { users: new Map([['ann', bcrypt.hashSync('secret', 4)]]) })
  t.equal(await statusOf('/metrics'), 401)
  t.equal(await statusOf('/-/healthy'), 200, 'a kubelet has no password')
  t.equal(await statusOf('/-/ready'), 200)
  t.equal(await statusOf('/metrics', `Basic ${btoa('ann:secret')}`), 200)
  t.equal(await statusOf('/metrics', 'Bearer first-token'), 200)
})

t.test('a new token counts at once, the old one a while longer', async (t) => {
  const { path, statusOf } = await serve(t, { graceMs: 4000 })
  writeFileSync(path, 'second-token')
  await sleep(1100)
  t.equal(await statusOf('/metrics', 'Bearer second-token'), 200)
  t.equal(await statusOf('/metrics', 'Bearer first-token'), 200)
  await sleep(4100)
  t.equal(await statusOf('/metrics', 'Bearer first-token'), 401)
  writeFileSync(path, '')
  await sleep(1100)
  t.equal(await statusOf('/metrics', 'Bearer second-token'), 200, 'an empty file changes nothing')
  t.equal(await statusOf('/metrics', 'Bearer '), 401)
})

t.test('a token file without a token is one clear line', async (t) => {
  const dir = t.testdir({ empty: '\n', short: 'abc', two: 'one-token\ntwo-token' })
  await t.rejects(TokenFile.open(join(dir, 'none'), { logger }), {
    message: `read token file "${dir}/none": ENOENT`,
  })
  for (const name of ['empty', 'short', 'two']) {
    await t.rejects(TokenFile.open(join(dir, name), { logger }), {
      message: `read token file "${dir}/${name}": want one token of 8 or more printable characters, no spaces`,
    })
  }
})
