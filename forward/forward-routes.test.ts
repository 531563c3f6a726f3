import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { classify } from '../collector/scrape/classify.ts'
import { HttpServer } from '../lib/http/http-server.ts'
import { createWebApp } from '../lib/http/web-app.ts'
import { silentLogger } from '../lib/log.ts'
import { until } from '../test/support/until.ts'
import { type ForwardRoutesOptions, forwardRoutes } from './forward-routes.ts'
import { parseProgramAddress } from './program-address.ts'
import { createRequestRules } from './request-rules.ts'

const logger = silentLogger()

/** A program on loopback; `localhost:port` of it. */
async function startProgram(
  t: Test,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `localhost:${(server.address() as AddressInfo).port}`
}

async function startForward(
  t: Test,
  program: string,
  options: Partial<ForwardRoutesOptions> = {},
): Promise<{ readonly url: string; readonly registry: Registry }> {
  const registry = new Registry()
  const app = createWebApp({
    registry,
    logger,
    routePrefix: '',
    webConfig: { basicAuthUsers: new Map() },
    notReady: () => undefined,
    routes: [
      forwardRoutes({
        program: parseProgramAddress(program),
        rules: createRequestRules({ pathPrefix: '', allowPaths: ['/debug/fgprof'] }),
        logger,
        ...options,
      }),
    ],
  })
  const server = await HttpServer.listen(app.callback(), {
    address: { host: '127.0.0.1', port: 0 },
    logger,
    drainMs: 100,
  })
  const stop = new AbortController()
  const running = server.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await running
  })
  return { url: `http://127.0.0.1:${server.address.port}`, registry }
}

t.test('an answer comes back as it is, without what is nobody’s business', async (t) => {
  const seen: IncomingMessage[] = []
  const program = await startProgram(t, (asked, response) => {
    seen.push(asked)
    response.writeHead(asked.url === '/debug/pprof/heap' ? 200 : 500, {
      'content-type': 'application/octet-stream',
      'content-encoding': 'gzip',
      'content-disposition': 'attachment; filename="heap"',
      'content-length': '7',
      'x-go-pprof': '1',
      'set-cookie': ['session=1', 'b=2'],
      location: 'http://elsewhere/',
      server: 'secret/1.0',
      'x-secret': 'yes',
    })
    response.end('profile')
  })
  const { url } = await startForward(t, program)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      accept: 'text/x',
      'accept-encoding': 'identity',
      authorization: 'Bearer secret',
      cookie: 'session=1',
      'x-forwarded-for': '1.2.3.4',
      range: 'bytes=0-1',
      host: 'evil.example',
    }
    request(`${url}/debug/pprof/heap`, { headers }, resolve).once('error', reject).end()
  })
  t.equal(answer.statusCode, 200)
  t.equal(Buffer.concat(await answer.toArray()).toString(), 'profile')
  const { date: _, connection: __, 'keep-alive': ___, ...headers } = answer.headers
  t.strictSame(headers, {
    'content-type': 'application/octet-stream',
    'content-encoding': 'gzip',
    'content-disposition': 'attachment; filename="heap"',
    'content-length': '7',
    'x-go-pprof': '1',
    'x-content-type-options': 'nosniff',
  })
  t.strictSame(seen[0]!.headers, {
    host: program,
    accept: 'text/x',
    'accept-encoding': 'identity',
    'user-agent': 'conprof-forward',
    connection: 'close',
  })

  const { status } = await fetch(`${url}/debug/pprof/profile?seconds=1`)
  t.equal(status, 500, 'the program’s own errors are its own')
  const head = await fetch(`${url}/debug/pprof/heap`, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(head.headers.get('content-length'), '7')
  t.equal(seen.at(-1)!.method, 'HEAD')
})

t.test('what is not let through does not reach the program', async (t) => {
  let asked = 0
  const program = await startProgram(t, (_, response) => {
    asked++
    response.end()
  })
  const { url, registry } = await startForward(t, program)
  const refused = await fetch(`${url}/debug/pprof/cmdline`)
  t.equal(refused.status, 403)
  t.match(
    await refused.text(),
    /^let through are only GET and HEAD of \/debug\/pprof\/\{.*\} and \/debug\/fgprof\n$/,
  )
  t.equal((await fetch(`${url}/admin`, { method: 'POST', body: 'x' })).status, 403)
  t.equal((await fetch(`${url}/debug/pprof/heap?x=1`)).status, 400)
  t.equal((await fetch(`${url}/debug/pprof/heap`, { method: 'DELETE' })).status, 403)
  const [withBody] = await rawRequest(
    url,
    'GET /debug/pprof/heap HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n',
  )
  t.match(withBody, /^HTTP\/1\.1 400 [\s\S]*connection: close/i)
  t.equal(asked, 0)
  t.match(await registry.metrics(), /seconds_count\{handler="other",method="GET",code="403"\} 1/)
  await fetch(`${url}/debug/pprof/heap`)
  t.match(
    await registry.metrics(),
    /seconds_count\{handler="\/debug\/pprof\/heap",method="GET",code="200"\} 1/,
  )
})

t.test('an answer is not held', async (t) => {
  const { promise: canEnd, resolve: end } = Promise.withResolvers<void>()
  const program = await startProgram(t, async (_, response) => {
    response.write('first')
    await canEnd
    response.end('last')
  })
  const { url } = await startForward(t, program)
  const response = await fetch(`${url}/debug/pprof/profile?seconds=1`)
  const reader = response.body!.getReader()
  t.equal(Buffer.from((await reader.read()).value!).toString(), 'first', 'before the answer has ended')
  end()
  t.equal(Buffer.from((await reader.read()).value!).toString(), 'last')
})

t.test('a client that goes away takes the request along', async (t) => {
  const closed: string[] = []
  let begun = 0
  const program = await startProgram(t, ({ url }, response) => {
    begun++
    response.once('close', () => closed.push(`${url}`))
    if (url === '/debug/pprof/trace') response.write('begun')
  })
  const { url, registry } = await startForward(t, program)
  const client = new AbortController()
  const profile = fetch(`${url}/debug/pprof/profile`, { signal: client.signal }).catch(() => {})
  const trace = await fetch(`${url}/debug/pprof/trace`, { signal: client.signal })
  await until('both are asked', () => begun === 2)
  t.match(await registry.metrics(), /conprof_http_requests_in_flight 2/)
  client.abort()
  await t.rejects(trace.text())
  await profile
  await until('the program sees it', () => closed.length === 2)
  t.same(closed.sort(), ['/debug/pprof/profile', '/debug/pprof/trace'])
  await until('nothing is left', async () => /in_flight 0/.test(await registry.metrics()))
})

t.test('a program that is not there, or not one, is said in one line', async (t) => {
  const deaf = await startTcp(t, (socket) => socket.destroy())
  const strange = await startTcp(t, (socket) => socket.end('SSH-2.0-x\r\n'))
  const gone = await startProgram(t, () => {})
  const cases: readonly (readonly [string, number, RegExp, slackMs?: number])[] = [
    [
      await closedPort(),
      502,
      /^localhost:\d+: connection refused: is the program up, and does it listen there, /,
    ],
    [
      deaf,
      502,
      /^localhost:\d+: the program closed the connection before its answer was whole: see its log\n$/,
    ],
    [strange, 502, /^localhost:\d+: what answers is no HTTP: /],
    [gone, 504, /^localhost:\d+: no whole answer within 1.05 s\n$/, 50],
  ]
  for (const [program, status, line, slackMs = 60_000] of cases) {
    const { url } = await startForward(t, program, { slackMs })
    const response = await fetch(`${url}/debug/pprof/profile?seconds=1`)
    t.equal(response.status, status, `${line}`)
    const text = await response.text()
    t.match(text, line)
    t.ok(text.length < 160, 'a scrape’s reason has room for it')
    t.equal((await fetch(`${url}/-/ready`)).status, 200, 'it is ready nevertheless')
  }
})

t.test('half an answer does not look whole', async (t) => {
  const program = await startProgram(t, ({ url }, response) => {
    response.write('half')
    if (url?.includes('heap')) setImmediate(() => response.destroy())
  })
  const said: string[] = []
  const log = pino({ base: null }, { write: (line: string) => said.push(JSON.parse(line).msg) })
  const { url, registry } = await startForward(t, program, { slackMs: 4000, logger: log })
  const read = async (path: string) => (await fetch(`${url}${path}`)).text()
  await t.rejects(read('/debug/pprof/heap'), 'the program breaks')
  await t.rejects(read('/debug/pprof/trace?seconds=0.1'), 'it is late')
  await until('nothing is left', async () => /in_flight 0/.test(await registry.metrics()))
  t.same(said, [
    `ask the program: ${program}: the program closed the connection before its answer was whole: see its log`,
    'the program answers again',
    `ask the program: ${program}: no whole answer within 4.1 s`,
  ])
})

t.test('only so many are asked for at once', async (t) => {
  const waiting: ServerResponse[] = []
  const program = await startProgram(t, (_, response) => waiting.push(response))
  const { url } = await startForward(t, program, { maxRunning: 2 })
  const running = [fetch(`${url}/debug/pprof/heap`), fetch(`${url}/debug/pprof/mutex`)]
  await until('two are asked', () => waiting.length === 2)
  const third = await fetch(`${url}/debug/pprof/block`)
  t.equal(third.status, 429)
  const body = new Uint8Array(await third.arrayBuffer())
  t.equal(Buffer.from(body).toString(), '2 requests are already running: try again later\n')
  const seen = { status: third.status, headers: {}, body, isTooLarge: false }
  const { health } = classify(seen, { isPlain: true, keepEmpty: true, isMeshed: true })
  t.equal(health, 'busy', 'a collector comes again')
  t.equal((await fetch(`${url}/-/healthy`)).status, 200)
  for (const response of waiting) response.end()
  for (const each of running) t.equal((await each).status, 200)
  const next = fetch(`${url}/debug/pprof/block`)
  await until('there is room again', () => waiting.length === 3)
  waiting[2]!.end()
  t.equal((await next).status, 200)
})

async function startTcp(t: Test, handle: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => handle(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `localhost:${(server.address() as AddressInfo).port}`
}

async function closedPort(): Promise<string> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `localhost:${port}`
}

/** What comes back until the other side closes. */
async function rawRequest(url: string, text: string): Promise<string[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.end(text)
  return (await socket.setEncoding('utf8').toArray()) as string[]
}
