import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../test/support/until.ts'
import { PassLoop } from './pass-loop.ts'

const onDefect = (error: unknown) => {
  throw error
}

t.test('many changes share a pass, one during a pass gets another, and time brings passes too', async (t) => {
  let passes = 0
  const stop = new AbortController()
  const loop = new PassLoop(
    () => {
      passes++
      if (passes === 1) loop.request()
    },
    { settleMs: 5, maxWaitMs: 100_000, onDefect },
  )
  const ended = loop.run({ signal: stop.signal })
  t.teardown(() => stop.abort())
  for (let i = 0; i < 100; i++) loop.request()
  await until('two passes', () => passes >= 2)
  await sleep(200)
  t.equal(passes, 2)
  loop.request()
  await until('a third', () => passes >= 3)
  await sleep(100)
  t.equal(passes, 3)
  stop.abort()
  await ended

  const again = new AbortController()
  passes = 1
  const timed = new PassLoop(() => void passes++, { settleMs: 1, maxWaitMs: 10, onDefect })
  const timedEnd = timed.run({ signal: again.signal })
  t.teardown(() => again.abort())
  await until('several passes', () => passes > 3)
  again.abort()
  await timedEnd
})

t.test('a pass that throws is a defect, and the next one may go well again', async (t) => {
  const defects: unknown[] = []
  let isBroken = true
  const loop = new PassLoop(
    () => {
      if (isBroken) throw new Error('no')
    },
    { settleMs: 1, maxWaitMs: 40, onDefect: (error) => defects.push(error) },
  )
  const stop = new AbortController()
  const ended = loop.run({ signal: stop.signal })
  const busy = setInterval(() => loop.request(), 1)
  t.teardown(() => {
    clearInterval(busy)
    stop.abort()
  })
  const startMs = performance.now()
  await sleep(200)
  await until('several tries', () => defects.length > 1)
  // Each 40 ms after the one before, though there is something to do all the time.
  const mostTries = (performance.now() - startMs) / 20
  t.ok(defects.length < mostTries, `${defects.length} tries`)
  t.match(defects[0], { message: 'no' })
  t.type(loop.failingSinceMs, 'number')
  isBroken = false
  await until('a pass that goes well', () => loop.failingSinceMs === undefined)
  clearInterval(busy)
  stop.abort()
  await ended
})
