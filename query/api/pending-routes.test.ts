import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Koa from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../../lib/log.ts'
import { Catalog } from '../catalog.ts'
import type { PendingFile } from '../pending-files.ts'
import { createApi } from './create-api.ts'

const key = '2026-11-24/1795478400000-1795480200000-0-00112233445566ff.block'

async function serve(t: Test, pending?: () => readonly PendingFile[]) {
  const log = silentLogger()
  const registry = new Registry()
  const api = createApi({
    catalog: new Catalog({ log, registry }),
    ...(pending !== undefined && { pending }),
    flags: {},
    build: { version: '1', revision: '', nodeVersion: '' },
    log,
    registry,
  })
  const server = createServer(new Koa().use(api.routes() as unknown as Koa.Middleware).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return (path: string, range?: string) =>
    fetch(`http://127.0.0.1:${port}/api/v1/blocks/pending${path}`, {
      headers: range === undefined ? {} : { range },
    })
}

t.test('pending blocks are listed, and read by range', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251))
  const path = join(t.testdir({ block: bytes }), 'block')
  let files: PendingFile[] = [{ key, path, sizeBytes: 1000 }]
  const get = await serve(t, () => files)
  t.strictSame(await (await get('')).json(), {
    status: 'success',
    data: { startedMs: Math.round(performance.timeOrigin), blocks: [{ key, sizeBytes: 1000 }] },
  })
  const cases: [string | undefined, number, number, number][] = [
    [undefined, 200, 0, 1000],
    ['bytes=0-0', 206, 0, 1],
    ['bytes=100-299', 206, 100, 300],
    ['bytes=990-5000', 206, 990, 1000],
    ['bytes=990-', 206, 990, 1000],
  ]
  for (const [range, status, from, to] of cases) {
    const answer = await get(`/${key}`, range)
    t.equal(answer.status, status, range ?? 'none')
    t.same(Buffer.from(await answer.arrayBuffer()), bytes.subarray(from, to), range ?? 'none')
    t.equal(answer.headers.get('content-length'), String(to - from))
    if (status === 206) t.equal(answer.headers.get('content-range'), `bytes ${from}-${to - 1}/1000`)
  }
  for (const range of ['bytes=1000-', 'bytes=5-4', 'bytes=-5', 'bytes=0-1,4-5', 'lines=1-2']) {
    const answer = await get(`/${key}`, range)
    t.equal(answer.status, 400, range)
    t.match((await answer.json()).error, `range "${range}", want bytes=a-b below 1000`)
  }
  files = [{ key, path: `${path}-gone`, sizeBytes: 1000 }]
  t.equal((await get(`/${key}`, 'bytes=0-9')).status, 404, 'its file is gone')
  files = []
  const answer = await get(`/${key}`, 'bytes=0-9')
  t.equal(answer.status, 404)
  t.match((await answer.json()).error, /not here, or in the bucket by now/)
  t.equal((await get('/..%2f..%2fetc%2fpasswd')).status, 404)
})

t.test('a program that cuts no blocks says so', async (t) => {
  const get = await serve(t)
  for (const path of ['', `/${key}`]) t.equal((await get(path)).status, 404)
})
