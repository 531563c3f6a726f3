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
import { until } from '../support/until.ts'
import { httpServer } from './sick-servers.ts'

const corpus = new URL('../testdata/corpus/prometheus/heap/', import.meta.url)
const heap = readFileSync(new URL(readdirSync(corpus)[0]!, corpus))

/** Only the heap, as often as the test is in a hurry. */
function heapOnly(address: string, { interval = '200ms', more = '' } = {}): string {
  return `
global: {scrape_interval: ${interval}, scrape_timeout: ${interval}, external_labels: {cluster: test}}
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
  const slotMs = await until('its slot', () => scraper.targets().activeTargets[0]!.nextScrape || undefined)
  // A slow machine makes one of them late now and then.
  const ok = () => attempts.filter(({ health }) => health === 'ok')
  await until('two profiles', () => ok().length >= 2)
  const [first, second] = ok() as [Attempt, Attempt]
  t.same(first.labels, {
    cluster: 'test',
    instance: server.address,
    job: 'app',
    profile_path: '/debug/pprof/heap',
    profile_type: 'heap',
    service_name: 'app',
  })
  t.same(first.body, heap)
  const slots = [second, first].map(({ timeMs }) => Math.floor((timeMs - slotMs) / 200))
  t.ok(slots[0]! > slots[1]!, 'each in a slot of its own')
  const answer = await until('word of it', () => {
    const targets: TargetsAnswer = scraper.targets()
    return targets.activeTargets[0]?.health === 'ok' && targets
  })
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
    response.on('close', () => running--)
    await new Promise((resolve) => setTimeout(resolve, 40))
    response.end(heap)
  })
  t.teardown(() => server.close())
  const { attempts } = start(
    t,
    heapOnly(server.address, { interval: '1s', more: '        extra: {}\n        other: {}\n' }),
  )
  await until('all types', () => new Set(attempts.map(({ labels }) => labels['profile_type'])).size === 3)
  await until('six attempts', () => attempts.length >= 6)
  t.equal(most, 1)
})

t.test('Scraper asks seldom for what a program does not have', async (t) => {
  let asked = 0
  const server = await httpServer((_, response) => {
    asked++
    response.writeHead(404).end('Unknown profile')
  })
  t.teardown(() => server.close())
  const { scraper, attempts } = start(t, heapOnly(server.address, { interval: '160ms' }))
  const last = () => attempts.slice(-3).map(({ health }) => health)
  await until('three answers', () => last().join() === 'unsupported,unsupported,unsupported')
  const before = asked
  await new Promise((resolve) => setTimeout(resolve, 800))
  t.equal(asked, before)
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
    diskPauseMs: 3000,
    refuse: () => (isFull ? new StoreError('DISK_FULL', 'append to log "wal": no space left') : undefined),
  })
  const { scraper, attempts } = running
  await until('the first request', () => asked === 1)
  await new Promise((resolve) => setTimeout(resolve, 600))
  t.equal(asked, 1, 'nothing is fetched that could not be kept')
  const [target] = scraper.targets().activeTargets
  t.equal(target!.health, 'disk-full')
  t.match(target!.reason, /no space left/)
  t.match(target!.remedy, /make room/)
  isFull = false
  await until('a profile', () => attempts.some(({ health }) => health === 'ok'))
  t.same(
    attempts.map(({ health }) => health === 'disk-full'),
    attempts.map((_, i) => i === 0),
    'one row, the first, tells of it',
  )
  t.equal(attempts[0]!.body, undefined)
  await until('word of it', () => scraper.targets().activeTargets[0]!.health === 'ok')
})

t.test('Scraper does not disturb a target that a new config leaves alone', async (t) => {
  const open: (() => void)[] = []
  const applied = Promise.withResolvers<void>()
  let asked = 0
  const slow = await httpServer((request, response) => {
    asked++
    request.socket.on('close', () => open.push(() => {}))
    void applied.promise.then(() => response.end(heap))
  })
  const other = await httpServer((_, response) => response.end(heap))
  t.teardown(() => Promise.all([slow.close(), other.close()]))
  const yaml = (more: string) => `
global: {scrape_interval: 5s, scrape_timeout: 5s}
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
  await until('its request', () => asked > 0)
  scraper.applyConfig(loadConfig(yaml(`, '${other.address}'`), 'new.yaml'))
  t.equal(scraper.targets().activeTargets.length, 2)
  applied.resolve()
  await until('its attempt', () => attempts.some(({ labels }) => labels['instance'] === slow.address))
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
  await until('its readiness', async () => (await fetch(`http://${address}/-/ready`)).ok, 60_000)
  const { scraper, attempts } = start(
    t,
    `
global: {scrape_interval: 10s, scrape_timeout: 8s}
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ['${address}']}]
    profiling_config: {pprof_config: {profile: {seconds: 1}, nonsense: {}}}
`,
  )
  const typesSeen = () => new Set(attempts.map(({ labels }) => labels['profile_type']))
  const hasSeen = (...types: string[]) => types.every((type) => typesSeen().has(type))
  await until('its types', () => hasSeen('cpu', 'heap', 'goroutine', 'nonsense'), 60_000)
  const targets = () => scraper.targets().activeTargets
  await until('word of all', () => targets().every(({ health }) => health !== 'unknown'), 60_000)
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
  t.ok(cpu.durationMs >= 1000 && cpu.timeMs + cpu.durationMs <= Date.now() + 10, `${cpu.durationMs} ms`)
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
