import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import Koa from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../../lib/log.ts'
import { Catalog } from '../catalog.ts'
import type { HeadRequest, HeadSource } from '../head-source.ts'
import { createApi } from './create-api.ts'

/** A head that says nothing until whoever asks has had enough. */
class SilentHead implements HeadSource {
  readonly name = 'silent head'
  readonly asked = Promise.withResolvers<void>()
  readonly aborted = Promise.withResolvers<unknown>()

  readHead({ signal }: HeadRequest): Promise<Uint8Array[]> {
    this.asked.resolve()
    return new Promise((_, reject) => {
      signal!.addEventListener('abort', () => {
        this.aborted.resolve(signal!.reason)
        reject(signal!.reason)
      })
    })
  }
}

async function startApi(t: Test, head: HeadSource, timeoutMs: number) {
  const registry = new Registry()
  const log = silentLogger()
  const catalog = new Catalog({ heads: [head], log, registry })
  const build = { version: '', revision: '', nodeVersion: '' }
  const api = createApi({ catalog, head, flags: {}, build, log, registry, timeoutMs })
  const server = createServer(new Koa().use(api.routes()).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`
  return { url, registry }
}

t.test('a query that runs out of time answers what it has', async (t) => {
  const { url } = await startApi(t, new SilentHead(), 1)
  const answer = await (await fetch(`${url}/query_range?query=cpu`)).json()
  t.match(answer, {
    status: 'success',
    data: { profiles: 0 },
    warnings: [/^silent head is missing from this answer: /],
  })
})

t.test('a merge that has nothing by then is unavailable, and says why', async (t) => {
  const { url } = await startApi(t, new SilentHead(), 1)
  const response = await fetch(`${url}/profile?query=cpu&format=top`)
  t.equal(response.status, 503)
  t.match(await response.json(), { errorType: 'unavailable', error: /silent head is missing/ })
  const head = await fetch(`${url}/head`)
  t.equal(head.status, 503)
  t.match(await head.json(), { errorType: 'timeout', error: '/head: not done in time' })
})

t.test('a client that goes away ends its query', async (t) => {
  const head = new SilentHead()
  const { url, registry } = await startApi(t, head, 60_000)
  const gone = new AbortController()
  const request = fetch(`${url}/query_range?query=cpu`, { signal: gone.signal })
  await head.asked.promise
  gone.abort()
  await t.rejects(request)
  t.match(await head.aborted.promise, { code: 'canceled' })
  const counted = 'route="/query_range",code="499"'
  while (!(await registry.metrics()).includes(counted)) await setImmediate()
})
