import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { statusBody } from '../support/fault-proxy.ts'
import { addPod, isReady, settles, startFaultyOperator } from './faulty-operator.ts'

t.test('500s for a minute', async (t) => {
  const { rig, proxy, operator } = await startFaultyOperator(t)
  const broken = proxy.inject({ type: 'answer', status: 500, body: statusBody(500, 'InternalError') })
  for (const watch of proxy.watches()) watch.reset()
  await addPod(rig)
  await sleep(60_000)
  t.equal(await isReady(operator), true)
  t.ok(broken.hits < 400, `${broken.hits} requests in that minute: back-off keeps them few`)
  broken.remove()
  await settles(t, rig)
})
