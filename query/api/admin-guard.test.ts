import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import t, { type Test } from 'tap'
import { type AdminAccess, checkAdmin, isLoopback } from './admin-guard.ts'
import { sendError } from './answer.ts'

/** Status and error of requests with these headers; fetch would not send some of them. */
async function startGuarded(t: Test, access: AdminAccess) {
  const app = new Koa().use((ctx) => {
    try {
      checkAdmin(ctx, access)
      ctx.status = 204
    } catch (error) {
      sendError(ctx, error, { asText: false })
    }
  })
  const server = createServer(app.callback()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return async (headers: Readonly<Record<string, string>>, method = 'POST'): Promise<string> => {
    const asked = request({ port, host: '127.0.0.1', method, path: '/api/v1/pins', headers })
    const answered = once(asked, 'response')
    asked.end()
    const [response] = await answered
    let text = ''
    for await (const chunk of response) text += chunk
    return `${response.statusCode} ${text === '' ? '' : JSON.parse(text).error}`.trim()
  }
}

const json = { 'content-type': 'application/json' }

t.test('checkAdmin() names the flag that allows to write', async (t) => {
  const ask = await startGuarded(t, { allows: 'nobody' })
  const refused =
    '403 POST /api/v1/pins: writing is off; start with --web.enable-admin-api (chart: query.adminApi) to allow it'
  t.equal(await ask(json), refused)
  t.equal(await ask({}), refused)
  t.match(await ask({}, 'DELETE'), /^403 DELETE .*--web\.enable-admin-api/)
})

t.test('checkAdmin() refuses pages of other sites', async (t) => {
  const ask = await startGuarded(t, { allows: 'everybody', externalUrl: 'https://prof.example/conprof' })
  const host = { ...json, host: 'conprof:8080' }
  for (const allowed of [
    json,
    { 'content-type': 'Application/JSON; charset=utf-8' },
    { ...host, origin: 'http://conprof:8080', 'sec-fetch-site': 'same-origin' },
    { ...json, host: 'conprof', origin: 'http://conprof:80' },
    { ...host, origin: 'https://prof.example' },
    { ...host, origin: 'https://front.example', 'x-forwarded-host': 'front.example, inner' },
  ]) {
    t.equal(await ask(allowed), '204', JSON.stringify(allowed))
  }
  for (const [headers, error] of [
    [{ ...host, 'sec-fetch-site': 'cross-site' }, /^403 .*: a page of another site asked for it$/],
    [
      { ...host, origin: 'http://conprof:9090' },
      /^403 .*"http:\/\/conprof:9090" asked.* want one of conprof:8080$/,
    ],
    [{ ...host, origin: 'null' }, /^403 .*a page of "null"/],
    [{ ...host, origin: 'http://evil.example' }, /^403 /],
    [{ ...host, origin: 'http://conprof:8080.evil.example' }, /^403 /],
    [{ 'content-type': 'text/plain' }, /^400 .*: content type "text\/plain", want application\/json$/],
    [{ 'content-type': 'application/jsonx' }, /^400 /],
    [{}, /^400 .*content type ""/],
  ] as const) {
    t.match(await ask(headers), error, JSON.stringify(headers))
  }
  t.equal(await ask({}, 'DELETE'), '204', 'which has no body, and which no page may send unasked')
  t.match(await ask({ origin: 'http://evil.example' }, 'DELETE'), /^403 /)
})

t.test('checkAdmin() lets this machine alone write', async (t) => {
  const ask = await startGuarded(t, { allows: 'loopback' })
  for (const host of ['localhost:8080', '127.0.0.1', '127.0.3.4:1', '[::1]:8080'])
    t.equal(await ask({ ...json, host }), '204', host)
  t.match(
    await ask({ ...json, host: 'rebound.example', origin: 'http://rebound.example' }),
    /^403 .*this was sent to "rebound.example"; start with --web.enable-admin-api .* to allow it$/,
  )
  t.match(await ask({ ...json, host: '127.0.0.1.evil.example' }), /^403 /)
  t.match(
    await ask({ ...json, 'x-forwarded-for': '10.0.0.1' }),
    /^403 .*through a proxy \(header x-forwarded-for\)/,
  )
})

t.test('isLoopback()', (t) => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.255.0.3', '::1', '[::1]'])
    t.ok(isLoopback(host), host)
  for (const host of ['', '0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'localhost.example', '[::]'])
    t.notOk(isLoopback(host), host)
  t.end()
})
