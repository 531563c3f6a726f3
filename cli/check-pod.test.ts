import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Koa from 'koa'
import t, { type Test } from 'tap'
import { operatorRoutes } from '../operator/pages/operator-routes.ts'
import { drawnState } from '../operator/pages/testdata/drawn-state.ts'
import { checkPod } from './check-pod.ts'

async function listen(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const scrape = {
  shard: 0,
  container: 'app',
  url: 'http://10.0.0.1:6060/debug/pprof/heap',
  profileType: 'heap',
  health: 'ok',
  reason: '',
  remedy: '',
  lastScrapeMs: 0,
}
const nowhere = { ownTokenFile: '/nowhere/token' }

t.test('the chain is printed, and the exit code says how it is', async (t) => {
  const state = drawnState(
    [
      { name: 'cart-1', ports: [{ port: 6060, shard: 0 }], chain: ['pod shop/cart-1 is seen'] },
      { name: 'cart-2', chain: ['pod shop/cart-2 is seen', 'not scraped: NoPort: declares no port'] },
    ],
    { scrapes: { scrapes: [scrape], warnings: [] } },
  )
  const app = new Koa().use(operatorRoutes({ state }))
  const operatorUrl = `${await listen(t, app.callback())}/`
  const well = await checkPod('shop/cart-1', { operatorUrl, ...nowhere })
  t.equal(
    well.text,
    `shop/cart-1
  →  pod shop/cart-1 is seen
  →  10.0.0.1:6060: collector 0 has it
  →  heap of http://10.0.0.1:6060/debug/pprof/heap: not scraped yet by collector 0

it is scraped, and all is well
`,
  )
  t.equal(well.exitCode, 0)
  const dropped = await checkPod('shop/cart-2', { operatorUrl, ...nowhere })
  t.match(dropped.text, /not scraped: NoPort: declares no port\n.*\n\nit is not scraped\n$/s)
  t.equal(dropped.exitCode, 1)
  const unknown = await checkPod('shop/nobody', { operatorUrl, ...nowhere })
  t.match(unknown, {
    exitCode: 2,
    text: /^pod "shop\/nobody" is not known to the operator: there is none of this name, or/,
  })
})

t.test('a token is shown where it is asked for', async (t) => {
  const seen: (string | undefined)[] = []
  const operatorUrl = await listen(t, ({ headers }, response) => {
    seen.push(headers.authorization)
    response.writeHead(401).end('unauthorized')
  })
  const file = join(t.testdir(), 'token')
  await writeFile(file, 'secret-token\n')
  const { text, exitCode } = await checkPod('shop/cart-1', { operatorUrl, tokenFile: file })
  t.equal(exitCode, 2)
  t.match(
    text,
    /answers 401: show its token with --web.token-file; inside its pod it is \/etc\/conprof\/token\/token/,
  )
  await checkPod('shop/cart-1', { operatorUrl, ownTokenFile: file })
  await checkPod('shop/cart-1', { operatorUrl, ...nowhere })
  t.same(seen, ['Bearer secret-token', 'Bearer secret-token', undefined])
  const missing = await checkPod('shop/cart-1', { operatorUrl, tokenFile: '/nowhere/token' })
  t.match(missing, { exitCode: 2, text: /^read token file "\/nowhere\/token": ENOENT\n$/ })
})

t.test('who cannot say it says what to do', async (t) => {
  const other = await listen(t, (_, response) => response.writeHead(404).end('Not Found'))
  const silent = await listen(t, () => {})
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['cart-1', { operatorUrl: other }, /^check pod "cart-1": want NAMESPACE\/POD, such as shop\/cart-0\n$/],
    ['shop/../x', { operatorUrl: other }, /want NAMESPACE\/POD/],
    ['shop/a', { operatorUrl: other }, /it answers 404 and "Not Found"; is that the operator/],
    [
      'shop/a',
      { operatorUrl: 'http://127.0.0.1:1' },
      /at http:\/\/127.0.0.1:1: .*\ninside the cluster: kubectl -n <namespace of conprof> exec deploy\/<release>-operator -- conprof check pod shop\/a\nor from here: .*port-forward/,
    ],
    ['shop/a', { operatorUrl: silent, timeoutMs: 100 }, /no answer in time/],
  ]
  for (const [pod, options, want] of cases) {
    const { text, exitCode } = await checkPod(pod, { operatorUrl: '', ...nowhere, ...options })
    t.match(text, want)
    t.equal(exitCode, 2)
  }
})
