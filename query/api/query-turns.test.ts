import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { Registry } from 'prom-client'
import t from 'tap'
import { silentLogger } from '../../lib/log.ts'
import { until } from '../../test/support/until.ts'
import { Catalog } from '../catalog.ts'
import type { HeadSource } from '../head-source.ts'
import { createApi } from './create-api.ts'

/** A head that answers when it is told to, whatever the query's time. */
class PatientHead implements HeadSource {
  readonly name = 'patient head'
  readonly answer = Promise.withResolvers<Uint8Array[]>()
  asked = 0

  readHead(): Promise<Uint8Array[]> {
    this.asked++
    return this.answer.promise
  }
}

t.test('a query waits for others, until its time is up', async (t) => {
  const registry = new Registry()
  const log = silentLogger()
  const head = new PatientHead()
  const build = { version: '', revision: '', nodeVersion: '' }
  const api = createApi({
    catalog: new Catalog({ heads: [head], log, registry }),
    flags: {},
    build,
    log,
    registry,
    timeoutMs: 3000,
    maxConcurrent: 2,
  })
  const server = createServer(new Koa().use(api.routes()).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`

  const running = [0, 1].map(() => fetch(`${url}/query_range?query=cpu`))
  await until('both to run', () => head.asked === 2)
  const late = await fetch(`${url}/profiles?query=cpu`)
  t.same([late.status, late.headers.get('Retry-After')], [503, '5'])
  t.match(await late.json(), {
    errorType: 'unavailable',
    error: /^wait for other queries: 2 run, as many as --query\.max-concurrent allows: try again later$/,
  })
  t.equal((await fetch(`${url}/status/buildinfo`)).status, 200, 'what is no query does not wait')
  t.match(await registry.metrics(), /conprof_query_running 2\n(.*\n)*conprof_query_waiting 0/)
  t.equal(head.asked, 2)
  head.answer.resolve([])
  for (const answer of await Promise.all(running)) t.equal(answer.status, 200)
  t.equal((await fetch(`${url}/profiles?query=cpu`)).status, 200, 'there is room again')
})
