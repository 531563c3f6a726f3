import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import Koa, { type Middleware } from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { silentLogger } from '../../lib/log.ts'
import { profileId, sortLabels } from '../../profile/labels.ts'
import { createApi } from '../api/create-api.ts'
import { Catalog } from '../catalog.ts'
import { Collectors } from './collectors.ts'

const log = silentLogger()
const timeMs = Date.UTC(2026, 0, 10)
const labels = sortLabels([['profile_type', 'heap']])
const body = Buffer.from('its bytes')

async function listen(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A catalog before one collector with nothing in its head and one pending block, whose bytes `read` sends. */
async function start(t: Test) {
  const builder = createBlockBuilder()
  builder.append(
    { labels, timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body },
    { writer: 'w', seq: 0 },
  )
  const { key, bytes } = builder.encode()!
  const inFull: RequestListener = (request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers.range))!
    response.writeHead(206).end(bytes.subarray(Number(first), Number(last) + 1))
  }
  const collector = { bytes, read: inFull, inFull }
  const list = JSON.stringify({ data: { blocks: [{ key, sizeBytes: bytes.length }] } })
  const url = await listen(t, (request, response) => {
    if (request.url?.endsWith('/pending')) response.end(list)
    else if (request.url?.includes('/pending/')) collector.read(request, response)
    else response.end()
  })
  const registry = new Registry()
  const collectors = new Collectors({
    flags: [{ kind: 'url', text: url, url }],
    patienceMs: 5000,
    log,
    registry,
  })
  t.teardown(() => collectors.close())
  return { collector, catalog: new Catalog({ heads: collectors.heads, log, registry }) }
}

t.test('bytes of pending blocks are those that were asked for', async (t) => {
  const { collector, catalog } = await start(t)
  const { bytes } = collector
  const ask = () => catalog.open({ matchers: [], startMs: timeMs, endMs: timeMs })
  const cases: [RequestListener, RegExp][] = [
    [(_, response) => response.end(bytes), /it answered 200, want 206$/],
    [
      (_, response) => response.writeHead(206).end(Buffer.alloc(bytes.length + 1)),
      /its answer has more than/,
    ],
    [(_, response) => response.writeHead(206).end('short'), /5 bytes, want/],
    [() => {}, /no answer within 5s$/],
    [
      (_, response) => response.writeHead(404).end('{"error": "gone"}'),
      /it answered 404 \(gone\), want 206$/,
    ],
  ]
  for (const [read, want] of cases) {
    collector.read = read
    const { sources, warnings } = await ask()
    t.equal(sources.length, 0)
    t.match(warnings, [want])
  }
  collector.read = collector.inFull
  const { sources, warnings } = await ask()
  t.strictSame([sources.length, warnings], [1, []])
})

t.test('a profile whose block nobody gives any more is unavailable, and no defect of ours', async (t) => {
  const { collector, catalog } = await start(t)
  const ranges: string[] = []
  let refused: string | undefined
  collector.read = (request, response) => {
    const range = String(request.headers.range)
    if (range === refused) return void request.socket.destroy()
    ranges.push(range)
    collector.inFull(request, response)
  }
  const build = { version: '', revision: '', nodeVersion: '' }
  const api = createApi({ catalog, flags: {}, build, log, registry: new Registry() })
  const url = await listen(t, new Koa().use(api.routes() as unknown as Middleware).callback())
  const ask = () => fetch(`${url}/api/v1/profile?id=${profileId(timeMs, labels)}`)
  t.same(gunzipSync(Buffer.from(await (await ask()).arrayBuffer())), body)
  // Its body, which came last.
  refused = ranges.at(-1)
  const answer = await ask()
  t.equal(answer.status, 503, await answer.text())
})
