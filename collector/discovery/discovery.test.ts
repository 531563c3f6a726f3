import { once } from 'node:events'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t from 'tap'
import { silentLogger } from '../../lib/log.ts'
import { loadConfig } from '../config/load-config.ts'
import { Discovery } from './discovery.ts'
import { createDiscoveryMetrics } from './discovery-metrics.ts'
import type { TargetGroup } from './target-group.ts'

t.test('static targets are there at once, and the signal ends the run', async (t) => {
  const found = discover(t, `static_configs: [{targets: [a:1, b:1], labels: {x: '1'}}, {targets: [c:1]}]`)
  t.same(found.addresses(), ['a:1', 'b:1', 'c:1'])
  t.match(found.groups.get('job/static/0'), { labels: { x: '1' } })
  await found.stop()
})

t.test('files: patterns, changes, removals, and a broken file that changes nothing', async (t) => {
  const folder = t.testdir({
    'a.json': '[{"targets": ["a:1"], "labels": {"team": "x"}}, {"targets": ["a:2"]}]',
    'b.yaml': '- targets: [b:1]',
    'other.txt': '- targets: [no:1]',
  })
  const found = discover(
    t,
    `file_sd_configs: [{files: ['${folder}/*.json', '${folder}/b.yaml', '${folder}/no/*.yml']}]`,
  )
  await found.until(() => found.addresses().join() === 'a:1,a:2,b:1')
  t.match([...found.groups.values()][0], {
    labels: { team: 'x', __meta_filepath: join(folder, 'a.json') },
  })

  await writeFile(join(folder, 'new'), '[{"targets": ["a:1"]}]')
  await rename(join(folder, 'new'), join(folder, 'a.json'))
  await found.until(() => found.addresses().join() === 'a:1,b:1')

  await writeFile(join(folder, 'new'), '- target: [b:2]')
  await rename(join(folder, 'new'), join(folder, 'b.yaml'))
  await found.until(() => found.failures() > 0)
  t.same(found.addresses(), ['a:1', 'b:1'], 'the last good answer stays')

  await writeFile(join(folder, 'b.yaml'), '- targets: [b:2]')
  await found.until(() => found.addresses().join() === 'a:1,b:2')

  await rm(join(folder, 'a.json'))
  await found.until(() => found.addresses().join() === 'b:2')
  await found.stop()
})

t.test('files: that there are none is said too', async (t) => {
  const found = discover(t, `file_sd_configs: [{files: ['${t.testdir({})}/*.yml']}]`)
  t.equal(found.deliveries(), 1, 'static targets')
  await found.until(() => found.deliveries() === 2)
  t.same(found.addresses(), [])
  await found.stop()
})

t.test('files: a folder that comes later is found at the interval', async (t) => {
  const folder = join(t.testdir({}), 'later')
  const found = discover(t, `file_sd_configs: [{files: ['${folder}/*.yml'], refresh_interval: 100ms}]`)
  await mkdir(folder)
  await writeFile(join(folder, 'a.yml'), '- targets: [a:1]')
  await found.until(() => found.addresses().join() === 'a:1')
  await found.stop()
})

t.test('http: authorization, refresh, and failures that change nothing', async (t) => {
  let answer = { status: 200, body: '[{"targets": ["a:1", "b:1"], "labels": {"team": "x"}}]' }
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    response.writeHead(answer.status).end(answer.body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sd?x=1`
  const found = discover(
    t,
    `http_sd_configs: [{url: '${url}', refresh_interval: 50ms, basic_auth: {username: u, password: p}}]`,
  )
  await found.until(() => found.addresses().join() === 'a:1,b:1')
  t.match([...found.groups.values()][0], { labels: { team: 'x', __meta_url: url } })
  t.match(requests[0], {
    url: '/sd?x=1',
    headers: {
      authorization: `Basic ${btoa('u:p')}`,
      'x-prometheus-refresh-interval-seconds': '0.05',
    },
  })

  for (const bad of [
    { status: 503, body: 'down' },
    { status: 200, body: '<html>' },
    { status: 200, body: '[{"targets": "a:1"}]' },
  ]) {
    const before = found.failures()
    answer = bad
    await found.until(() => found.failures() > before + 1)
    t.same(found.addresses(), ['a:1', 'b:1'])
  }
  answer = { status: 200, body: '[{"targets": ["c:1"]}]' }
  await found.until(() => found.addresses().join() === 'c:1')
  answer = { status: 200, body: '[]' }
  await found.until(() => found.addresses().length === 0)
  await found.stop()
})

function discover(t: Tap, job: string) {
  const config = loadConfig(`scrape_configs:\n  - job_name: job\n    ${job}\n`, 'conprof.yaml')
  const groups = new Map<string, TargetGroup>()
  let failures = 0
  let deliveries = 0
  let wake = () => {}
  const metrics = createDiscoveryMetrics(new Registry())
  const { failures: counter } = metrics
  const inc = counter.inc.bind(counter)
  counter.inc = (...args: unknown[]) => {
    failures++
    wake()
    return (inc as (...args: unknown[]) => void)(...args)
  }
  const stop = new AbortController()
  const running = new Discovery(config, {
    logger: silentLogger(),
    metrics,
    onGroups: (_, all) => {
      deliveries++
      groups.clear()
      for (const group of all) groups.set(group.source, group)
      wake()
    },
  }).run({ signal: stop.signal })
  t.teardown(() => stop.abort())
  return {
    groups,
    addresses: () =>
      [...groups.values()].flatMap(({ targets }) => targets.map((x) => x['__address__'])).sort(),
    failures: () => failures,
    deliveries: () => deliveries,
    async until(isSo: () => boolean) {
      while (!isSo()) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async stop() {
      stop.abort()
      await running
    },
  }
}

type Tap = Pick<typeof t, 'teardown'>
