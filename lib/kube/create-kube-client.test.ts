import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { createKubeClient } from './create-kube-client.ts'
import type { KubeClient, KubeError } from './kube-client.ts'

t.test('answers that no API server would give', async (t) => {
  let answers = 0
  let connections = 0
  const server = createServer((request, response) => {
    answers++
    if (request.url === '/slow') return
    if (request.url === '/endless') {
      const megabyte = Buffer.alloc(1 << 20, 32)
      const write = () => {
        while (!response.destroyed && response.write(megabyte));
      }
      response.on('drain', write)
      write()
      return
    }
    if (request.url === '/busy') {
      response.writeHead(429, { 'retry-after': '7' })
      response.end('too many\nrequests')
      return
    }
    response.end(request.url === '/good' ? '{}' : '{"data": {"password": "hunter2')
  }).listen(0, '127.0.0.1')
  server.on('connection', () => connections++)
  // Or it would close one that stands still for 5 s.
  server.keepAliveTimeout = 60_000
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const client = await clientOf(t.testdir(), `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  t.teardown(() => client.close())
  for (let i = 0; i < 40; i++) await client.request({ path: '/good' })
  t.ok(connections <= 2, `requests share connections, of which there were ${connections}`)
  answers = 0
  const failure = async (path: string): Promise<KubeError> =>
    client.request({ path, timeoutMs: path === '/slow' ? 500 : 30_000 }).then(
      () => t.fail(`${path} was answered`) as never,
      (error: KubeError) => error,
    )
  t.match((await failure('/slow')).message, /^get "\/slow": no answer from \S+: nothing within 500 ms$/)
  t.match((await failure('/endless')).message, /larger than 67108864 bytes/)
  t.match(await failure('/busy'), {
    message: 'get "/busy": 429: too many requests',
    code: 'TOO_MANY_REQUESTS',
    retryAfterMs: 7000,
  })
  t.notMatch((await failure('/broken')).message, /hunter2/)
  t.equal(answers, 4, 'nothing is tried again')
})

t.test('kubeconfigs that are none', async (t) => {
  const folder = t.testdir({
    'no.yaml': 'a: [',
    'context.yaml': 'current-context: x\ncontexts: []\n',
    'server.yaml':
      'current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: nowhere}}]\n',
  })
  const table: [string, RegExp][] = [
    ['missing.yaml', /^read "\S+missing.yaml": ENOENT$/],
    ['no.yaml', /^read kubeconfig "\S+": it is no YAML$/],
    ['context.yaml', /^read kubeconfig "\S+": there is no context "x"$/],
    ['server.yaml', /^read kubeconfig "\S+": cluster\.server: Invalid URL$/],
  ]
  for (const [name, message] of table)
    await t.rejects(createKubeClient({ kubeconfig: join(folder, name) }), { message })
})

async function clientOf(folder: string, server: string): Promise<KubeClient> {
  const config = {
    clusters: [{ name: 'c', cluster: { server } }],
    contexts: [{ name: 'x', context: { cluster: 'c' } }],
    'current-context': 'x',
  }
  await writeFile(join(folder, 'config'), JSON.stringify(config))
  return createKubeClient({ kubeconfig: join(folder, 'config') })
}
