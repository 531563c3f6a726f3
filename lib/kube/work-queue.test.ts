import fc from 'fast-check'
import { Registry } from 'prom-client'
import t from 'tap'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { silentLogger } from '../log.ts'
import { KubeError } from './kube-client.ts'
import { WorkQueue, type WorkQueueOptions } from './work-queue.ts'

function setUp(options: Partial<WorkQueueOptions> = {}) {
  const clock = new ManualClock()
  const registry = new Registry()
  const runs: string[] = []
  const queue = new WorkQueue({
    name: 'test',
    process: async (key) => void runs.push(`${key}@${clock.now()}`),
    logger: silentLogger(),
    registry,
    clock,
    ...options,
  })
  const stop = new AbortController()
  const ended = queue.run({ signal: stop.signal })
  const end = async () => {
    stop.abort()
    await ended
  }
  return { clock, registry, queue, runs, stop, ended, end }
}

t.test('a key waits once, and first come is first served', async (t) => {
  const { clock, queue, runs, end } = setUp()
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
  t.equal(queue.size, 3)
  await clock.advance(0)
  t.strictSame(runs, ['a@0', 'b@0', 'c@0'])
  t.equal(queue.size, 0)
  await end()
})

t.test('what is added while it is worked on comes again, and never twice at once', async (t) => {
  const gate = new Map<string, () => void>()
  const started: string[] = []
  const { clock, queue, end } = setUp({
    workers: 3,
    process: async (key) => {
      started.push(key)
      await new Promise<void>((resolve) => gate.set(key, resolve))
    },
  })
  queue.add('a')
  queue.add('b')
  await clock.advance(0)
  queue.add('a')
  queue.add('a')
  await clock.advance(1000)
  t.strictSame(started, ['a', 'b'])
  gate.get('a')!()
  await clock.advance(0)
  t.strictSame(started, ['a', 'b', 'a'])
  for (const open of gate.values()) open()
  await end()
  t.equal(queue.size, 0)
})

t.test('a server that says when to come back is waited for', async (t) => {
  const { clock, queue, runs, end } = setUp({
    maxBackoffMs: 1000,
    process: async (key) => {
      runs.push(`${key}@${clock.now()}`)
      const busy = { code: 'TOO_MANY_REQUESTS', status: 429, reason: '', retryAfterMs: 5000 } as const
      if (runs.length === 1) throw new KubeError('busy', busy)
    },
  })
  queue.add('a')
  await clock.advance(4999)
  t.strictSame(runs, ['a@0'])
  await clock.advance(1)
  t.strictSame(runs, ['a@0', 'a@5000'])
  await end()
})

t.test('failures wait longer and longer, by key, and are forgotten after a success', async (t) => {
  const times: number[] = []
  let isFailing = true
  const { clock, queue, end } = setUp({
    minBackoffMs: 100,
    maxBackoffMs: 1000,
    process: async (key) => {
      if (key === 'good') return
      times.push(clock.now())
      if (isFailing) throw new Error('not yet')
    },
  })
  queue.add('bad')
  await clock.advance(8000)
  const waits = times.slice(1).map((time, i) => time - times[i]!)
  for (const [i, full] of [100, 200, 400, 800, 1000, 1000].entries())
    t.ok(waits[i]! >= full / 2 && waits[i]! <= full, `wait ${i} is ${waits[i]}`)
  isFailing = false
  queue.add('bad')
  await clock.advance(0)
  isFailing = true
  queue.add('bad')
  await clock.advance(101)
  t.ok(times.at(-1)! - times.at(-2)! <= 100)
  await end()
})

t.test(
  'a key runs at once, then at most once in its interval, and a retry is no run of its own',
  async (t) => {
    let failures = 0
    const runs: number[] = []
    const { clock, queue, end } = setUp({
      minIntervalMs: 2000,
      minBackoffMs: 100,
      process: async () => {
        runs.push(clock.now())
        if (failures-- > 0) throw new Error('conflict')
      },
    })
    for (let i = 0; i < 50; i++) {
      queue.add('a')
      await clock.advance(100)
    }
    t.strictSame(runs, [0, 2000, 4000])
    await clock.advance(1001)
    t.strictSame(runs, [0, 2000, 4000, 6000])
    await clock.advance(5000)
    failures = 1
    queue.add('a')
    await clock.advance(101)
    t.equal(runs.length, 6)
    t.ok(runs[5]! - runs[4]! <= 100)
    await end()
  },
)

t.test('the signal: what runs finishes, what waits stays for the next run', async (t) => {
  const gate: (() => void)[] = []
  const seen: string[] = []
  const { clock, queue, stop, ended } = setUp({
    process: async (key, { signal }) => {
      seen.push(key)
      if (key === 'slow') {
        await new Promise<void>((resolve) => gate.push(resolve))
        signal.throwIfAborted()
      }
    },
  })
  queue.add('slow')
  queue.add('next')
  await clock.advance(0)
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  stop.abort()
  await clock.advance(10)
  t.equal(hasEnded, false)
  gate[0]!()
  await ended
  t.strictSame(seen, ['slow'])
  const again = new AbortController()
  const second = queue.run({ signal: again.signal })
  await clock.advance(1)
  gate[1]!()
  await clock.advance(1)
  t.strictSame(seen, ['slow', 'next', 'slow'])
  again.abort()
  await second
})

t.test('its metrics', async (t) => {
  let isFailing = true
  const { clock, queue, registry, end } = setUp({
    process: async () => {
      if (isFailing) throw new Error('no')
    },
  })
  // A second queue of the same registry.
  const other = new WorkQueue({
    name: 'other',
    process: async () => {},
    logger: silentLogger(),
    registry,
    clock,
  })
  other.add('x')
  queue.add('a')
  await clock.advance(0)
  isFailing = false
  await clock.advance(1000)
  const metrics = await registry.metrics()
  for (const line of [
    'conprof_operator_workqueue_depth{queue="test"} 0',
    'conprof_operator_workqueue_depth{queue="other"} 1',
    'conprof_operator_workqueue_adds_total{queue="test"} 1',
    'conprof_operator_workqueue_retries_total{queue="test"} 1',
    'conprof_operator_workqueue_latency_seconds_count{queue="test"} 2',
    'conprof_operator_workqueue_work_duration_seconds_count{queue="test"} 2',
    'conprof_operator_workqueue_longest_running_seconds{queue="test"} 0',
  ])
    t.match(metrics, line)
  await end()
})

t.test('whatever comes, each change is followed by a run that began after it', async () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), waitMs: fc.nat({ max: 30 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat({ max: 20 }), async (steps, interval) => {
      const running = new Set<string>()
      const lastAdded = new Map<string, number>()
      const lastStarted = new Map<string, number>()
      let isTwice = false
      let runs = 0
      const { clock, queue, end } = setUp({
        workers: 2,
        minIntervalMs: interval,
        minBackoffMs: 5,
        maxBackoffMs: 20,
        process: async (key) => {
          isTwice ||= running.has(key)
          running.add(key)
          lastStarted.set(key, clock.now())
          await new Promise<void>((resolve) => clock.after(7, resolve))
          running.delete(key)
          if (++runs % 3 === 0) throw new Error('every third fails')
        },
      })
      for (const { key, waitMs } of steps) {
        lastAdded.set(key, clock.now())
        queue.add(key)
        await clock.advance(waitMs)
      }
      await clock.advance(500)
      const isFollowed = [...lastAdded].every(([key, ms]) => (lastStarted.get(key) ?? -1) >= ms)
      await end()
      return !isTwice && isFollowed && queue.size === 0
    }),
    { numRuns: 30 },
  )
})
