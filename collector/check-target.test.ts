import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { checkTarget } from './check-target.ts'

const options = {
  profileTypes: [{ type: 'heap', path: '/debug/pprof/heap', keepEmpty: true }],
  http: { tls: { insecureSkipVerify: false }, followRedirects: true },
  timeoutMs: 5000,
  signal: new AbortController().signal,
}

t.test('checkTarget() takes the address of the program or of its index page', async (t) => {
  const asked: (string | undefined)[] = []
  const server = createServer(({ url }, answer) => {
    asked.push(url)
    answer.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const url of [address, `http://${address}/debug/pprof/`, `http://${address}/app/debug/pprof`])
    t.equal((await checkTarget(url, options)).exitCode, 1)
  t.same(asked, ['/debug/pprof/heap', '/debug/pprof/heap', '/app/debug/pprof/heap'])
})

t.test('checkTarget() scrapes over http and https only', async (t) => {
  for (const url of ['ftp://a', 'http://a:99999'])
    t.match(await checkTarget(url, options), {
      text: `check target "${url}": want host:port or http(s)://`,
      exitCode: 2,
    })
})
