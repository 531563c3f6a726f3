import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type HealthClass, healthClasses } from '../../block/health.ts'
import type { HttpClientConfig } from '../../collector/config/scrape-config.ts'
import { remedies } from '../../collector/scrape/classify.ts'
import { HttpClients } from '../../collector/scrape/http-clients.ts'
import { scrape } from '../../collector/scrape/scrape.ts'
import type { Target } from '../../collector/target.ts'
import { emptyProfile } from '../support/empty-profile.ts'
import { blackHole, closedPort, httpServer, httpsServer, type SickServer, tcpServer } from './sick-servers.ts'

const corpus = new URL('../testdata/corpus/prometheus/heap/', import.meta.url)
const heap = readFileSync(new URL(readdirSync(corpus)[0]!, corpus))

/** The page that a wrong path of a web application answers. */
const page = '<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>'

interface Case {
  readonly name: string
  readonly server: () => Promise<SickServer>
  readonly target?: Partial<Target> & { readonly path?: string }
  readonly want: HealthClass
  readonly reason: RegExp
  readonly status?: number
  /** Kept as it came. */
  readonly body?: Uint8Array
}

const meshed: Partial<Target> = {
  facts: { owner: 'annotations', endpoint: '', meshRemedy: 'annotate the pod' },
}

const answers =
  (status: number, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  () =>
    httpServer((_, response) => response.writeHead(status, headers).end(body))

const cases: readonly Case[] = [
  {
    name: 'a profile',
    server: answers(200, heap, { 'content-type': 'text/html' }),
    want: 'ok',
    reason: /^$/,
    status: 200,
    body: heap,
  },
  {
    name: 'a profile after a redirect',
    server: () =>
      httpServer((request, response) => {
        if (request.url === '/debug/pprof/heap') response.writeHead(302, { location: '/moved' }).end()
        else response.end(heap)
      }),
    want: 'ok',
    reason: /^$/,
    body: heap,
  },
  {
    name: 'a redirect that is not to be followed',
    server: answers(302, 'over there', { location: '/moved' }),
    target: { http: { tls: { insecureSkipVerify: false }, followRedirects: false } },
    want: 'http-4xx',
    reason: /302/,
    status: 302,
  },
  {
    name: 'a block profile without samples',
    server: answers(200, emptyProfile()),
    target: { profileType: 'block', keepEmpty: false },
    want: 'empty',
    reason: /no samples/,
    status: 200,
  },
  {
    name: 'a CPU profile of an idle program, which says that there was nothing',
    server: answers(200, emptyProfile()),
    target: { profileType: 'cpu', seconds: 1 },
    want: 'ok',
    reason: /^$/,
    body: emptyProfile(),
  },
  {
    name: 'no body at all',
    server: answers(200, ''),
    want: 'empty',
    reason: /empty body/,
  },
  {
    name: 'a type that the program does not have',
    server: answers(404, 'Unknown profile\n'),
    want: 'unsupported',
    reason: /404: Unknown profile$/,
    status: 404,
  },
  {
    name: 'a CPU profile while another one runs',
    server: answers(500, 'Could not enable CPU profiling: cpu profiling already in use\n', {
      'x-go-pprof': '1',
    }),
    want: 'busy',
    reason: /already in use/,
    status: 500,
  },
  { name: 'nobody listens', server: closedPort, want: 'refused', reason: /ECONNREFUSED/, status: 0 },
  {
    name: 'packets are dropped',
    server: blackHole,
    // Its connections are waited for up to 5 s.
    target: { timeoutMs: 60_000 },
    want: 'connect-timeout',
    reason: /./,
    status: 0,
  },
  {
    name: 'no answer',
    server: () => httpServer(() => {}),
    target: { timeoutMs: 2000 },
    want: 'timeout',
    reason: /within 2 s/,
  },
  {
    name: 'half an answer, then nothing',
    server: () => httpServer((_, response) => void response.writeHead(200).write(heap.subarray(0, 100))),
    target: { timeoutMs: 2000 },
    want: 'timeout',
    reason: /within 2 s/,
  },
  {
    name: 'the connection is reset',
    server: () => tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    want: 'reset',
    reason: /ECONNRESET|closed|socket/i,
  },
  {
    name: 'the connection ends before the answer does',
    server: () =>
      tcpServer((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf')),
      ),
    want: 'reset',
    reason: /./,
  },
  {
    name: 'a certificate that nobody signed',
    server: () => httpsServer((_, response) => response.end(heap)),
    target: { scheme: 'https' },
    want: 'tls',
    reason: /self-signed/,
  },
  {
    name: 'https where plain HTTP is spoken',
    server: answers(200, heap),
    target: { scheme: 'https' },
    want: 'tls',
    reason: /./,
  },
  {
    name: 'plain HTTP where Go speaks https',
    server: answers(400, 'Client sent an HTTP request to an HTTPS server.\n'),
    want: 'tls',
    reason: /HTTPS server/,
    status: 400,
  },
  {
    name: 'a policy of Istio',
    server: answers(403, 'RBAC: access denied', { server: 'istio-envoy' }),
    want: 'mesh-blocked',
    reason: /403: RBAC: access denied/,
    status: 403,
  },
  {
    name: 'an Envoy that cannot reach the program',
    server: answers(
      503,
      'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
      { server: 'envoy' },
    ),
    want: 'mesh-blocked',
    reason: /503: upstream connect error/,
    status: 503,
  },
  {
    name: 'a policy of Linkerd',
    server: answers(403, '', { 'l5d-proxy-error': 'unauthorized request on route' }),
    want: 'mesh-blocked',
    reason: /403/,
    status: 403,
  },
  {
    name: 'a program behind an Envoy that answers itself',
    server: answers(500, 'oops', { server: 'istio-envoy', 'x-envoy-upstream-service-time': '3' }),
    want: 'http-5xx',
    reason: /500: oops/,
  },
  {
    name: 'a mesh that closes the connection at once',
    server: () => tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    target: meshed,
    want: 'mesh-blocked',
    reason: /./,
  },
  {
    name: 'a mesh that closes the connection in the handshake',
    server: () => tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    target: { ...meshed, scheme: 'https' },
    want: 'mesh-blocked',
    reason: /./,
  },
  {
    name: 'a mesh that answers with an alert of TLS',
    server: () => tcpServer((socket) => socket.once('data', () => socket.end('\x15\x03\x01\0\x02\x02\x28'))),
    target: meshed,
    want: 'mesh-blocked',
    reason: /no HTTP/,
  },
  {
    name: 'a mesh that says 503 for a program that was not asked',
    server: answers(503, ''),
    target: meshed,
    want: 'mesh-blocked',
    reason: /503/,
    status: 503,
  },
  {
    name: 'a program in a mesh that says 503 itself',
    server: answers(503, 'shutting down', { 'x-envoy-upstream-service-time': '3' }),
    target: meshed,
    want: 'http-5xx',
    reason: /503: shutting down/,
  },
  {
    name: 'a program in a mesh that ends while it is asked',
    server: () => tcpServer((socket) => setTimeout(() => socket.resetAndDestroy(), 1200)),
    target: meshed,
    want: 'reset',
    reason: /./,
  },
  {
    name: 'a program in a mesh without this profile',
    server: answers(404, 'Unknown profile'),
    target: meshed,
    want: 'unsupported',
    reason: /404/,
  },
  {
    name: 'a password is wanted',
    server: answers(401, 'Unauthorized\n'),
    want: 'http-4xx',
    reason: /401: Unauthorized$/,
    status: 401,
  },
  {
    name: 'the program is broken',
    server: answers(503, 'shutting down\n'),
    want: 'http-5xx',
    reason: /503: shutting down$/,
    status: 503,
  },
  {
    name: 'a small body that inflates to 200 MiB',
    server: answers(200, gzipSync(Buffer.alloc(200 << 20))),
    want: 'too-large',
    reason: /134217728 bytes once inflated|128 MiB/,
  },
  {
    name: 'a page',
    server: answers(200, page, { 'content-type': 'application/octet-stream' }),
    want: 'not-pprof',
    reason: /<!DOCTYPE html>/,
    status: 200,
    body: Buffer.from(page),
  },
  {
    name: 'noise',
    server: answers(200, randomBytes(1000).fill(0xff, 0, 8)),
    want: 'not-pprof',
    reason: /./,
  },
  {
    name: 'a truncated gzip',
    server: answers(200, heap.subarray(0, heap.length >> 1)),
    want: 'not-pprof',
    reason: /unexpected end of file/,
    body: heap.subarray(0, heap.length >> 1),
  },
  {
    name: 'what does not speak HTTP',
    server: () => tcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')),
    want: 'not-pprof',
    reason: /HTTP/,
  },
]

const reached = new Set<HealthClass>()

for (const { name, server: start, target, want, reason, status, body } of cases) {
  t.test(`scrape() sees ${want}: ${name}`, async (t) => {
    const server = await start()
    t.teardown(() => server.close())
    let result = await scrapeOnce(t, server, target)
    // Only what happens within a second tells of a mesh, and this machine may be slow.
    while (want === 'mesh-blocked' && result.attempt.durationMs >= 1000)
      result = await scrapeOnce(t, server, target)
    reached.add(result.health)
    t.equal(result.health, want, result.reason)
    t.match(result.reason, reason)
    t.notMatch(result.reason, /\n/, 'one line')
    t.equal(result.attempt.health, want)
    if (status !== undefined) t.equal(result.attempt.httpStatus, status)
    if (want !== 'ok' && want !== 'not-pprof') t.equal(result.attempt.body, undefined, 'no body')
    if (body !== undefined) t.same(result.attempt.body, Buffer.from(body), 'the body as it came')
  })
}

t.test('scrape() holds little of a body of 1 GiB', async (t) => {
  let sentBytes = 0
  const server = await httpServer((_, response) => {
    const chunk = Buffer.alloc(1 << 20, 'x')
    const send = (): void => {
      while (sentBytes < 1 << 30 && !response.destroyed) {
        sentBytes += chunk.length
        if (!response.write(chunk)) return void response.once('drain', send)
      }
      response.end()
    }
    send()
  })
  t.teardown(() => server.close())
  const before = process.memoryUsage().rss
  const result = await scrapeOnce(t, server, { timeoutMs: 120_000 })
  reached.add(result.health)
  t.equal(result.health, 'too-large')
  t.match(result.reason, /32 MiB/)
  t.equal(result.attempt.body, undefined)
  t.ok(sentBytes < 100 << 20, `the server got rid of ${sentBytes} bytes`)
  t.ok(process.memoryUsage().rss - before < 200 << 20)
})

t.test('scrape() trusts a certificate whose CA it is given', async (t) => {
  const server = await httpsServer((_, response) => response.end(heap))
  t.teardown(() => server.close())
  const tls = { caFile: server.caFile, serverName: 'localhost', insecureSkipVerify: false }
  t.equal(
    (await scrapeOnce(t, server, { scheme: 'https', http: { tls, followRedirects: true } })).health,
    'ok',
  )
  const skip: HttpClientConfig = { tls: { insecureSkipVerify: true }, followRedirects: true }
  t.equal((await scrapeOnce(t, server, { scheme: 'https', http: skip })).health, 'ok')
})

t.test('scrape() reads a password file for each scrape', async (t) => {
  const folder = t.testdir({ password: 'old\n', token: 't0k3n\n' })
  let wanted = `Basic ${Buffer.from('conprof:old').toString('base64')}`
  const server = await httpServer((request, response) => {
    const isAllowed = request.headers.authorization === wanted
    response.writeHead(isAllowed ? 200 : 401).end(isAllowed ? heap : 'Unauthorized')
  })
  t.teardown(() => server.close())
  const clients = new HttpClients()
  t.teardown(() => clients.close())
  const basicAuth = { username: 'conprof', passwordFile: `${folder}/password` }
  const common = { tls: { insecureSkipVerify: false }, followRedirects: true }
  const withPassword = targetOf(server, { http: { ...common, basicAuth } })
  const { signal } = new AbortController()
  t.equal((await scrape(withPassword, clients, { signal })).health, 'ok')
  wanted = `Basic ${Buffer.from('conprof:new').toString('base64')}`
  t.equal((await scrape(withPassword, clients, { signal })).health, 'http-4xx')
  await writeFile(`${folder}/password`, 'new\n')
  t.equal((await scrape(withPassword, clients, { signal })).health, 'ok')

  const authorization = { type: 'Bearer', credentialsFile: `${folder}/token` }
  wanted = 'Bearer t0k3n'
  const withToken = targetOf(server, { http: { ...common, authorization } })
  t.equal((await scrape(withToken, clients, { signal })).health, 'ok')
  await rm(`${folder}/token`)
  const unread = await scrape(withToken, clients, { signal })
  t.equal(unread.health, 'http-4xx', 'a missing file is a matter of authorization')
  t.match(unread.reason, /token/)
  const tls = { caFile: `${folder}/none.pem`, insecureSkipVerify: false }
  const untrusted = await scrape(targetOf(server, { http: { ...common, tls } }), clients, { signal })
  t.equal(untrusted.health, 'tls')
  t.match(untrusted.reason, /none\.pem.*ENOENT/)
})

t.test('scrape() never asks for an encoding that would wrap gzip in gzip', async (t) => {
  const server = await httpServer((request, response) => {
    const isWrapped = /gzip/.test(String(request.headers['accept-encoding'] ?? ''))
    if (isWrapped) response.setHeader('content-encoding', 'gzip').end(gzipSync(heap))
    else response.end(heap)
  })
  t.teardown(() => server.close())
  const result = await scrapeOnce(t, server, {})
  t.equal(result.health, 'ok', result.reason)
  t.same(result.attempt.body, heap)
})

t.test('every health class is reached and has a remedy', async (t) => {
  // Only the store can say this one: see scraper.test.ts.
  reached.add('disk-full')
  t.same(
    healthClasses.filter((health) => !reached.has(health)),
    [],
  )
  for (const health of healthClasses) {
    if (health === 'ok') t.equal(remedies[health], '')
    else t.match(remedies[health], /^[a-z].{20,}[^.]$/, health)
  }
})

async function scrapeOnce(t: Test, server: SickServer, target?: Case['target']) {
  const clients = new HttpClients()
  t.teardown(() => clients.close())
  const { signal } = new AbortController()
  return scrape(targetOf(server, target), clients, { signal })
}

function targetOf({ address }: SickServer, { path, ...target }: NonNullable<Case['target']> = {}): Target {
  const scheme = target.scheme ?? 'http'
  const url = `${scheme}://${address}${path ?? '/debug/pprof/heap'}`
  return {
    key: url,
    job: 'sick',
    profileType: 'heap',
    labels: { job: 'sick', profile_type: 'heap', service_name: 'sick' },
    discoveredLabels: {},
    url,
    scheme,
    address,
    intervalMs: 60_000,
    timeoutMs: 60_000,
    keepEmpty: true,
    http: { tls: { insecureSkipVerify: false }, followRedirects: true },
    ...target,
  }
}
