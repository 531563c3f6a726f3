import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { PassLoop } from './pass-loop.ts'

t.test('many changes share a pass, one during a pass gets another, and time brings passes too', async (t) => {
  let passes = 0
  const stop = new AbortController()
  const loop = new PassLoop(
    async () => {
      passes++
      if (passes === 1) loop.request()
    },
    { settleMs: 5, maxWaitMs: 100_000 },
  )
  const ended = loop.run({ signal: stop.signal })
  for (let i = 0; i < 100; i++) loop.request()
  await sleep(200)
  t.equal(passes, 2)
  loop.request()
  await sleep(100)
  t.equal(passes, 3)
  stop.abort()
  await ended

  const again = new AbortController()
  passes = 1
  const timed = new PassLoop(async () => void passes++, { settleMs: 1, maxWaitMs: 10 })
  const timedEnd = timed.run({ signal: again.signal })
  await sleep(200)
  t.ok(passes > 3)
  again.abort()
  await timedEnd
})

t.test('a pass that throws ends the loop', async (t) => {
  const loop = new PassLoop(async () => Promise.reject(new Error('no')), { settleMs: 1, maxWaitMs: 1 })
  await t.rejects(loop.run({ signal: new AbortController().signal }), { message: 'no' })
})
