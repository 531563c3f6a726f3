import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import type { HttpClientConfig } from './config/scrape-config.ts'
import { HttpClient } from './http-client.ts'

const plain: HttpClientConfig = { tls: { insecureSkipVerify: false }, followRedirects: true }

t.test('a secret in a file is read for each request', async (t) => {
  const folder = t.testdir({ token: 'one\n' })
  const url = await serve(t, (request, response) => response.end(request.headers.authorization))
  const client = createClient(t, {
    ...plain,
    authorization: { type: 'Bearer', credentialsFile: join(folder, 'token') },
  })
  t.equal((await get(client, url)).text, 'Bearer one')
  await writeFile(join(folder, 'token'), 'two')
  t.equal((await get(client, url)).text, 'Bearer two')
  await writeFile(join(folder, 'ca.pem'), 'x')
  const missing = createClient(t, {
    ...plain,
    basicAuth: { username: 'u', passwordFile: join(folder, 'no') },
  })
  await t.rejects(missing.prepare(), { message: `read "${join(folder, 'no')}": ENOENT` })
})

t.test('connections are kept from one request to the next', async (t) => {
  const ports = new Set<number | undefined>()
  const url = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort)
    response.end('x')
  })
  const client = createClient(t, plain)
  for (let i = 0; i < 9; i++) await get(client, url)
  // The next request may come before the last connection is free again.
  t.ok(ports.size <= 2, `${ports.size}`)
})

t.test('a redirect is followed, but takes no secret to another server', async (t) => {
  const seen: (string | undefined)[] = []
  const other = await serve(t, (request, response) => {
    seen.push(request.headers.authorization)
    response.end('other')
  })
  const url = await serve(t, (_, response) => response.writeHead(302, { location: other }).end())
  const config: HttpClientConfig = { ...plain, basicAuth: { username: 'u', password: 'p' } }
  t.same(await get(createClient(t, config), url), { status: 200, text: 'other' })
  t.same(seen, [undefined])
  t.equal((await get(createClient(t, { ...config, followRedirects: false }), url)).status, 302)
})

t.test('requests go through a proxy where there is one', async (t) => {
  const proxyUrl = await serve(t, (request, response) => response.end(`proxied ${request.url}`))
  const client = createClient(t, { ...plain, proxyUrl })
  const target = 'http://api.example:6060/debug/pprof/heap'
  t.same(await get(client, target), { status: 200, text: `proxied ${target}` })
})

function createClient(t: Tap, config: HttpClientConfig): HttpClient {
  const client = new HttpClient(config)
  t.teardown(() => client.close())
  return client
}

async function get(client: HttpClient, url: string) {
  const { statusCode, body } = await request(url, await client.prepare())
  return { status: statusCode, text: await body.text() }
}

async function serve(t: Tap, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

type Tap = Pick<typeof t, 'teardown'>
