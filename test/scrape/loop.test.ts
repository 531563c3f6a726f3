import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { Attempt } from '../../block/attempt.ts'
import type { ScrapeGate } from '../../collector/scrape/scrape-gate.ts'
import { nextSlotMs, slotOffsetMs } from '../../collector/scrape/scrape-loop.ts'
import { Scraper } from '../../collector/scrape/scraper.ts'
import type { Target } from '../../collector/target.ts'
import type { TargetFacts } from '../../collector/target-facts.ts'
import { type Logger, silentLogger } from '../../lib/log.ts'
import { corpusProfile } from '../support/corpus-profile.ts'
import { emptyProfile } from '../support/empty-profile.ts'
import { until } from '../support/until.ts'
import { httpServer, tcpServer } from './sick-servers.ts'

const heap = corpusProfile('heap')

const facts: TargetFacts = { owner: 'annotations', endpoint: '' }

function targetOf(address: string, more: Partial<Target> = {}): Target {
  return {
    key: `a ${address}`,
    job: 'annotations',
    profileType: 'heap',
    labels: { namespace: 'shop', pod: 'cart-0', workload: 'cart', profile_type: 'heap' },
    discoveredLabels: {},
    url: `http://${address}/debug/pprof/heap`,
    scheme: 'http',
    address,
    intervalMs: 200,
    timeoutMs: 30_000,
    keepEmpty: true,
    http: { tls: { insecureSkipVerify: false }, followRedirects: false },
    facts,
    ...more,
  }
}

function start(
  t: Test,
  target: Target,
  { log = silentLogger(), ...options }: { readonly gate?: ScrapeGate; readonly log?: Logger } = {},
) {
  const attempts: Attempt[] = []
  const registry = new Registry()
  const store = { append: async (attempt: Attempt) => void attempts.push(attempt) }
  const scraper = new Scraper({ store, log, registry, ...options })
  const apply = (...targets: Target[]) =>
    scraper.applyTargets(new Map([['object', { active: targets, dropped: [] }]]))
  apply(target)
  const stop = new AbortController()
  const ended = scraper.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  return { scraper, attempts, registry, apply }
}

async function skipped(registry: Registry, reason: string): Promise<number> {
  const { values } = await registry.getSingleMetric('conprof_collector_scrapes_skipped_total')!.get()
  return values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0
}

t.test('facts and settings that change leave a running scrape alone', async (t) => {
  let closed = 0
  const seen: (string | undefined)[] = []
  const server = await httpServer((request, response) => {
    seen.push(request.headers.authorization)
    response.on('close', () => (closed += response.writableFinished ? 0 : 1))
    setTimeout(() => response.end(heap), 600)
  })
  t.teardown(() => server.close())
  const process = {
    containerId: 'containerd://1',
    restartCount: 0,
    startTimeMs: 1,
    image: 'shop/cart:1',
    memoryLimitBytes: 1,
    cpuLimitMillicores: 1,
  }
  const { attempts, apply } = start(t, targetOf(server.address, { facts: { ...facts, process } }))
  await until('the first request', () => seen.length === 1)
  const restarted = { ...process, restartCount: 1 }
  const http = {
    authorization: { type: 'Bearer', credentials: 'new' },
    tls: { insecureSkipVerify: false },
    followRedirects: false,
  }
  apply(targetOf(server.address, { http, facts: { ...facts, process: restarted } }))
  await until('the second attempt', () => attempts.length >= 2)
  t.equal(closed, 0)
  t.strictSame(
    attempts.slice(0, 2).map((attempt) => attempt.process),
    [process, restarted],
  )
  t.strictSame(seen.slice(0, 2), [undefined, 'Bearer new'])
})

t.test('a loop waits until startAfter, and none starts after a removal', async (t) => {
  const times: number[] = []
  const server = await httpServer((_, response) => {
    times.push(Date.now())
    response.end(heap)
  })
  t.teardown(() => server.close())
  const startAfterMs = Date.now() + 2000
  const { apply, attempts, scraper } = start(
    t,
    targetOf(server.address, { facts: { ...facts, startAfterMs } }),
  )
  await sleep(300)
  // Put off once more before it began.
  const later = startAfterMs + 400
  apply(targetOf(server.address, { facts: { ...facts, startAfterMs: later } }))
  const planMs = await until('the plan', () => {
    const { nextScrape } = scraper.targets().activeTargets[0]!
    return nextScrape >= later && nextScrape
  })
  t.ok(planMs < later + 200, `its next slot, ${planMs - later} ms after`)
  await until('the first attempt', () => attempts.length > 0)
  t.ok(times[0]! >= later, `${times[0]! - later} ms after`)
  // It went to another collector and came back, and we heard only of the latter.
  const toldMs = Date.now()
  const again = toldMs + 700
  apply(targetOf(server.address, { facts: { ...facts, startAfterMs: again } }))
  // One that was under way goes on.
  const next = await until('the next attempt', () => attempts.find(({ timeMs }) => timeMs > toldMs))
  t.ok(next.timeMs >= again, `${next.timeMs - again} ms after`)
  const goneMs = Date.now()
  apply()
  await sleep(500)
  t.same(
    attempts.filter(({ timeMs }) => timeMs > goneMs),
    [],
  )
})

t.test('a scrape that runs when its target is dropped may finish', async (t) => {
  const requests: ServerResponse[] = []
  const server = await httpServer((_, response) => void requests.push(response))
  t.teardown(() => server.close())
  const { attempts, apply } = start(t, targetOf(server.address))
  await until('the first request', () => requests.length === 1)
  apply()
  requests[0]!.end(heap)
  await until('it to be stored', () => attempts.length === 1)
  t.match(attempts[0], { health: 'ok', body: heap })
  t.equal(requests.length, 1, 'no other one starts')
})

t.test('of a process that goes away no failure is stored, and none is waited for long', async (t) => {
  for (const [what, answer] of [
    ['ends', (response: ServerResponse) => setTimeout(() => response.destroy(), 400)],
    ['hangs', () => {}],
  ] as const) {
    let requests = 0
    let closed = 0
    const server = await httpServer((_, response) => {
      requests++
      response.on('close', () => closed++)
      answer(response)
    })
    t.teardown(() => server.close())
    const { attempts, apply, registry } = start(t, targetOf(server.address, { timeoutMs: 120_000 }))
    await until('the first request', () => requests === 1)
    const startMs = performance.now()
    apply()
    await until('the connection to end', () => closed === 1)
    t.ok(performance.now() - startMs < 30_000, `${what}: long before the scrape's own time is up`)
    t.same(attempts, [], what)
    t.notMatch(await registry.metrics(), /^conprof_collector_scrapes_total\{/m, what)
  }
})

t.test('nothing starts while the gate is closed', async (t) => {
  let asked = 0
  const server = await httpServer((_, response) => {
    asked++
    response.end(heap)
  })
  t.teardown(() => server.close())
  let isOpen = false
  let open = () => {}
  const opening = new Promise<void>((resolve) => (open = resolve))
  const gate: ScrapeGate = { isOpen: () => isOpen, opened: () => opening, freezes: () => 0 }
  const { scraper, attempts, registry } = start(t, targetOf(server.address), { gate })
  await sleep(700)
  t.equal(asked, 0)
  const [{ nextScrape: firstMs } = { nextScrape: 0 }] = scraper.targets().activeTargets
  const slots = (ms: number) => Math.floor((ms - firstMs) / 200) + 1
  const least = slots(Date.now())
  isOpen = true
  open()
  await until('an attempt', () => attempts.length > 0)
  const frozen = await skipped(registry, 'frozen')
  t.ok(least >= 3 && frozen >= least && frozen <= slots(attempts[0]!.timeMs), `${frozen} from ${least} on`)
})

t.test(
  'what fails while this process stood still is not held against the target, what came counts',
  async (t) => {
    let asked = 0
    let freezes = 0
    const server = await httpServer((_, response) => {
      asked++
      if (asked <= 2) freezes++
      response.writeHead(asked === 2 ? 200 : 500).end(heap)
    })
    t.teardown(() => server.close())
    const gate: ScrapeGate = { isOpen: () => true, opened: async () => {}, freezes: () => freezes }
    const { attempts, registry } = start(t, targetOf(server.address), { gate })
    await until('two attempts', () => attempts.length >= 2)
    t.strictSame(
      attempts.slice(0, 2).map(({ health }) => health),
      ['ok', 'http-5xx'],
    )
    t.match(await registry.metrics(), /conprof_collector_scrapes_skipped_total\{reason="frozen"\} [1-9]/)
  },
)

t.test('the log tells of what fails and of its end, not of a first profile with samples', async (t) => {
  const answers = [[200, emptyProfile()] as const, [200, heap] as const, [500, Buffer.from('no')] as const]
  let asked = 0
  const server = await httpServer((_, response) => {
    const [status, body] = answers[asked++] ?? ([200, heap] as const)
    response.writeHead(status).end(body)
  })
  t.teardown(() => server.close())
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) })
  const { attempts } = start(t, targetOf(server.address, { keepEmpty: false }), { log })
  await until('three attempts', () => attempts.length >= 3)
  const { url } = targetOf(server.address)
  t.strictSame(
    attempts.slice(0, 3).map(({ health }) => health),
    ['ok', 'http-5xx', 'ok'],
  )
  t.strictSame(lines, [`scrape ${url}: http-5xx: HTTP status 500: no`, `scrape ${url}: ok again`])
})

t.test('a slow scrape counts the slots that it misses', async (t) => {
  const server = await httpServer((_, response) => void setTimeout(() => response.end(heap), 500))
  t.teardown(() => server.close())
  const target = targetOf(server.address)
  const firstMs = nextSlotMs(Date.now(), target.intervalMs, slotOffsetMs(target))
  const { attempts, registry } = start(t, target)
  await until('an attempt', () => attempts.length > 0)
  const ended = [...attempts]
  const late = await skipped(registry, 'late')
  const least = ended.reduce((sum, { durationMs }) => sum + Math.floor(durationMs / 200), 0)
  const most = Math.floor((Date.now() - firstMs) / 200) + 1 - ended.length
  t.ok(least >= 2 && late >= least && late <= most, `${late}, want ${least} to ${most}`)
})

t.test('a busy target is tried again before its next slot', async (t) => {
  let asked = 0
  const server = await httpServer((_, response) => {
    if (++asked === 1)
      response.writeHead(500).end('Could not enable CPU profiling: cpu profiling already in use')
    else response.end(heap)
  })
  t.teardown(() => server.close())
  // One slot comes soon, and the next in a minute.
  const intervalMs = 60_000
  const waitMs = (key: string) =>
    nextSlotMs(Date.now(), intervalMs, slotOffsetMs({ ...targetOf(''), key, intervalMs })) - Date.now()
  let n = 0
  while (Math.abs(waitMs(`${n}`) - 1000) > 500) n++
  const { attempts } = start(t, targetOf(server.address, { key: `${n}`, intervalMs }))
  await until('two attempts', () => attempts.length >= 2, 90_000)
  t.same(
    attempts.slice(0, 2).map(({ health }) => health),
    ['busy', 'ok'],
  )
  const laterMs = attempts[1]!.timeMs - attempts[0]!.timeMs
  t.ok(laterMs < 30_000, `${laterMs} ms later`)
})

t.test('what a mesh refuses says what helps, and is tried seldom', async (t) => {
  let asked = 0
  const server = await tcpServer((socket) => {
    asked++
    socket.once('data', () => socket.resetAndDestroy())
  })
  t.teardown(() => server.close())
  const meshRemedy = 'set traffic.sidecar.istio.io/excludeInboundPorts: "6060" on the pod'
  const { scraper, attempts, registry } = start(
    t,
    targetOf(server.address, { facts: { ...facts, meshRemedy } }),
  )
  // One alone may be a program that just ended, as may be what takes this machine a second.
  const isTwice = () => attempts.slice(-2).filter(({ health }) => health === 'mesh-blocked').length === 2
  await until('two attempts', isTwice)
  const before = attempts.length
  await sleep(600)
  t.equal(asked, before)
  const [target] = scraper.targets().activeTargets
  t.match(target, { health: 'mesh-blocked', remedy: meshRemedy })
  const waitMs = target!.nextScrape - Date.now()
  t.ok(waitMs > 270_000 && waitMs < 301_000, `next in ${waitMs} ms`)
  // Counted every few seconds, and whenever the config changes.
  scraper.applyTargets(new Map())
  scraper.applyTargets(new Map([['object', { active: [targetOf(server.address)], dropped: [] }]]))
  t.match(
    await registry.metrics(),
    'conprof_collector_targets{namespace="shop",workload="cart",profile_type="heap",health="unknown"} 1',
  )
})
