import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Attempt } from '../../block/attempt.ts'
import { loadConfig } from '../../collector/config/load-config.ts'
import { Scraper } from '../../collector/scrape/scraper.ts'
import { StoreError } from '../../collector/store-error.ts'
import { silentLogger } from '../../lib/log.ts'
import { inspectPprof } from '../../profile/inspect-pprof.ts'
import type { TargetsAnswer } from '../../query/api/types.ts'
import { debianProgram } from '../support/debian-package.ts'
import { freePorts } from '../support/free-ports.ts'
import { httpServer } from './sick-servers.ts'

const corpus = new URL('../testdata/corpus/prometheus/heap/', import.meta.url)
const heap = readFileSync(new URL(readdirSync(corpus)[0]!, corpus))

/** Only the heap, as often as the test is in a hurry. */
function heapOnly(address: string, { interval = '200ms', more = '' } = {}): string {
  return `
global: {scrape_interval: ${interval}, scrape_timeout: 150ms, external_labels: {cluster: test}}
scrape_configs:
  - job_name: app
    static_configs: [{targets: ['${address}']}]
    profiling_config:
      pprof_config:
        heap: {}
        cpu: {enabled: false}
        goroutine: {enabled: false}
        block: {enabled: false}
        mutex: {enabled: false}
${more}`
}

t.test('Scraper stores what it scrapes, with its series, and says so', async (t) => {
  const server = await httpServer((_, response) => response.end(heap))
  t.teardown(() => server.close())
  const { scraper, attempts, registry } = start(t, heapOnly(server.address))
  await until(() => attempts.length >= 2)
  t.same(attempts[0]!.labels, {
    cluster: 'test',
    instance: server.address,
    job: 'app',
    profile_path: '/debug/pprof/heap',
    profile_type: 'heap',
    service_name: 'app',
  })
  t.same(attempts[0]!.body, heap)
  t.ok(attempts[1]!.timeMs - attempts[0]!.timeMs >= 190, 'an interval apart')
  const answer: TargetsAnswer = scraper.targets()
  t.match(answer.activeTargets, [
    {
      scrapePool: 'app',
      scrapeUrl: `http://${server.address}/debug/pprof/heap`,
      profileType: 'heap',
      health: 'ok',
      reason: '',
      remedy: '',
      lastSizeBytes: heap.length,
      intervalSeconds: 0.2,
    },
  ])
  t.match(await registry.metrics(), /conprof_collector_scrapes_total\{health="ok",profile_type="heap"\} \d/)
})

t.test('Scraper lets the types of one target take turns', async (t) => {
  let running = 0
  let most = 0
  const server = await httpServer(async (_, response) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 40))
    running--
    response.end(heap)
  })
  t.teardown(() => server.close())
  const { attempts } = start(t, heapOnly(server.address, { more: '        extra: {}\n        other: {}\n' }))
  await until(() => new Set(attempts.map(({ labels }) => labels['profile_type'])).size === 3)
  await until(() => attempts.length >= 9)
  t.equal(most, 1)
})

t.test('Scraper tries a busy target again before its next slot', async (t) => {
  let asked = 0
  const server = await httpServer((_, response) => {
    if (++asked === 1)
      response.writeHead(500).end('Could not enable CPU profiling: cpu profiling already in use')
    else response.end(heap)
  })
  t.teardown(() => server.close())
  const { attempts } = start(t, heapOnly(server.address, { interval: '2s' }))
  await until(() => attempts.length >= 2)
  t.same(
    attempts.slice(0, 2).map(({ health }) => health),
    ['busy', 'ok'],
  )
  t.ok(attempts[1]!.timeMs - attempts[0]!.timeMs < 1900)
})

t.test('Scraper asks seldom for what a program does not have', async (t) => {
  let asked = 0
  const server = await httpServer((_, response) => {
    asked++
    response.writeHead(404).end('Unknown profile')
  })
  t.teardown(() => server.close())
  const { scraper } = start(t, heapOnly(server.address, { interval: '160ms' }))
  await until(() => asked === 3)
  await new Promise((resolve) => setTimeout(resolve, 800))
  t.equal(asked, 3)
  t.equal(scraper.targets().activeTargets[0]!.health, 'unsupported')
})

t.test('Scraper pauses while the disk is full, and leaves no blank gap', async (t) => {
  let asked = 0
  const server = await httpServer((_, response) => {
    asked++
    response.end(heap)
  })
  t.teardown(() => server.close())
  let isFull = true
  const running = start(t, heapOnly(server.address), {
    diskPauseMs: 1000,
    refuse: () => (isFull ? new StoreError('DISK_FULL', 'append to log "wal": no space left') : undefined),
  })
  const { scraper, attempts } = running
  await until(() => asked === 1)
  await new Promise((resolve) => setTimeout(resolve, 600))
  t.equal(asked, 1, 'nothing is fetched that could not be kept')
  const [target] = scraper.targets().activeTargets
  t.equal(target!.health, 'disk-full')
  t.match(target!.reason, /no space left/)
  t.match(target!.remedy, /make room/)
  isFull = false
  await until(() => attempts.length >= 2)
  t.same(
    attempts.slice(0, 2).map(({ health }) => health),
    ['disk-full', 'ok'],
  )
  t.equal(attempts[0]!.body, undefined)
  t.equal(scraper.targets().activeTargets[0]!.health, 'ok')
})

t.test('Scraper does not disturb a target that a new config leaves alone', async (t) => {
  const open: (() => void)[] = []
  const slow = await httpServer((request, response) => {
    request.socket.on('close', () => open.push(() => {}))
    setTimeout(() => response.end(heap), 600)
  })
  const other = await httpServer((_, response) => response.end(heap))
  t.teardown(() => Promise.all([slow.close(), other.close()]))
  const yaml = (more: string) => `
global: {scrape_interval: 2s, scrape_timeout: 1500ms}
scrape_configs:
  - job_name: app
    static_configs: [{targets: ['${slow.address}'${more}]}]
    relabel_configs: [{source_labels: [__profile_type__], regex: heap, action: keep}]
    profiling_config: {pprof_config: {cpu: {enabled: false}}}
`
  const { scraper, attempts } = start(t, yaml(''))
  const before = scraper.targets()
  t.equal(before.activeTargets.length, 1)
  t.equal(before.droppedTargets.length, 3, 'the types that the rule dropped')
  await until(() => (scraper.targets().activeTargets[0]!.nextScrape ?? 0) < Date.now() - 50)
  scraper.applyConfig(loadConfig(yaml(`, '${other.address}'`), 'new.yaml'))
  t.equal(scraper.targets().activeTargets.length, 2)
  await until(() => attempts.some(({ labels }) => labels['instance'] === slow.address))
  t.equal(attempts.find(({ labels }) => labels['instance'] === slow.address)!.health, 'ok')
  t.same(open, [], 'the scrape that was under way went through')
  scraper.applyConfig(loadConfig('scrape_configs: []', 'empty.yaml'))
  t.same(scraper.targets(), { activeTargets: [], droppedTargets: [] })
})

t.test('Scraper scrapes a real Go program', async (t) => {
  const program = await debianProgram({ program: 'prometheus', package: 'prometheus' })
  const address = `127.0.0.1:${(await freePorts(1))[0]}`
  const folder = t.testdir({ 'prometheus.yml': '' })
  const child = spawn(
    program,
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  )
  t.teardown(async () => {
    child.kill()
    if (child.exitCode === null) await once(child, 'exit')
  })
  await until(
    () =>
      fetch(`http://${address}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    30_000,
  )
  const { scraper, attempts } = start(
    t,
    `
global: {scrape_interval: 7s, scrape_timeout: 3s}
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ['${address}']}]
    profiling_config: {pprof_config: {profile: {seconds: 1}, nonsense: {}}}
`,
  )
  const typesSeen = () => new Set(attempts.map(({ labels }) => labels['profile_type']))
  await until(() => typesSeen().has('cpu') && typesSeen().has('nonsense') && typesSeen().size >= 4, 25_000)
  await until(() => scraper.targets().activeTargets.every(({ health }) => health !== 'unknown'), 25_000)
  const health = Object.fromEntries(
    scraper.targets().activeTargets.map((target) => [target.profileType, target.health]),
  )
  t.match(health, { cpu: 'ok', heap: 'ok', goroutine: 'ok', nonsense: 'unsupported' })
  t.match(health['block'], /^(ok|empty)$/)
  for (const type of ['heap', 'goroutine']) {
    const { body } = attempts.find(({ labels }) => labels['profile_type'] === type)!
    t.match(inspectPprof(body!, { maxInflatedBytes: 1 << 27 }), { kind: 'pprof' }, type)
  }
  const cpu = attempts.find(({ labels }) => labels['profile_type'] === 'cpu')!
  t.ok(cpu.durationMs >= 1000 && cpu.durationMs < 4000)
})

function start(
  t: Test,
  yaml: string,
  options: { readonly diskPauseMs?: number; readonly refuse?: () => Error | undefined } = {},
) {
  const attempts: Attempt[] = []
  const registry = new Registry()
  const { refuse, ...rest } = options
  const store = {
    async append(attempt: Attempt) {
      const error = refuse?.()
      if (error !== undefined) throw error
      attempts.push(attempt)
    },
  }
  const scraper = new Scraper({ store, log: silentLogger(), registry, ...rest })
  scraper.applyConfig(loadConfig(yaml, 'conprof.yaml'))
  const stop = new AbortController()
  const ended = scraper.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  return { scraper, attempts, registry }
}

async function until(isTrue: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`waited ${limitMs} ms for ${isTrue}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
