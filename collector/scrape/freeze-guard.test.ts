import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { silentLogger } from '../../lib/log.ts'
import { until } from '../../test/support/until.ts'
import { FreezeGuard, type FreezeGuardOptions } from './freeze-guard.ts'

/** Both clocks are the test's own. */
function start(t: Test, reread?: FreezeGuardOptions['reread']) {
  const clocks = { wallMs: 1e12, monotonicMs: 500 }
  const registry = new Registry()
  const guard = new FreezeGuard({
    logger: silentLogger(),
    registry,
    now: () => clocks.wallMs,
    monotonic: () => clocks.monotonicMs,
    reread,
  })
  const stop = new AbortController()
  const ended = guard.run({ signal: stop.signal })
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  const frozen = async () => Number(/conprof_collector_frozen_total (\d+)/.exec(await registry.metrics())![1])
  return { guard, clocks, frozen, stop }
}

t.test('FreezeGuard stays open while both clocks go on', async (t) => {
  const { guard, clocks, frozen } = start(t, () => Promise.reject(new Error('not asked for')))
  for (let i = 0; i < 5; i++) {
    clocks.wallMs += 29_000
    clocks.monotonicMs += 29_000
    t.ok(guard.isOpen())
  }
  clocks.wallMs -= 3_600_000
  t.ok(guard.isOpen(), 'a clock that is set back')
  t.equal(await frozen(), 0)
})

for (const clock of ['wallMs', 'monotonicMs'] as const) {
  t.test(`FreezeGuard closes where ${clock} jumps, until the config was read`, async (t) => {
    const reading = Promise.withResolvers<void>()
    let reads = 0
    const { guard, clocks, frozen } = start(t, () => {
      reads++
      return reading.promise
    })
    clocks[clock] += 31_000
    t.notOk(guard.isOpen(), 'who asks first closes it')
    let isThrough = false
    const waiting = guard.opened({ signal: new AbortController().signal }).then(() => (isThrough = true))
    await sleep(20)
    t.notOk(isThrough)
    reading.resolve()
    await waiting
    t.ok(guard.isOpen())
    t.equal(guard.freezes(), 1)
    t.equal(reads, 1)
    t.equal(await frozen(), 1)
  })
}

t.test('FreezeGuard looks by itself, tries again, and reads again where it froze meanwhile', async (t) => {
  let reads = 0
  const { guard, clocks, frozen } = start(t, async () => {
    reads++
    if (reads === 1) throw new Error('no answer')
    if (reads === 2) clocks.wallMs += 40_000
  })
  clocks.wallMs += 40_000
  // Its own timer finds it, though nobody asks.
  await until('the first try', () => reads > 0)
  await guard.opened({ signal: new AbortController().signal })
  t.equal(reads, 3)
  t.equal(await frozen(), 2)
})

t.test('FreezeGuard lets go of who waits when it is told to', async (t) => {
  const { guard, clocks } = start(t, () => new Promise(() => {}))
  clocks.wallMs += 40_000
  t.notOk(guard.isOpen())
  const gone = new AbortController()
  const waiting = guard.opened({ signal: gone.signal })
  gone.abort(new Error('removed'))
  await t.rejects(waiting, { message: 'removed' })
})

t.test('FreezeGuard without a config to read only counts', async (t) => {
  const { guard, clocks, frozen } = start(t)
  clocks.wallMs += 40_000
  t.ok(guard.isOpen())
  t.equal(await frozen(), 1)
})
