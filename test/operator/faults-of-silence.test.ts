import t from 'tap'
import { addPod, settles, startFaultyOperator } from './faulty-operator.ts'

t.test('silence on all watches is found out', async (t) => {
  const { rig, proxy } = await startFaultyOperator(t)
  for (const watch of proxy.watches()) watch.silence()
  await addPod(rig)
  // Bookmarks come about once a minute; a watch that brings none is dead after 90 s.
  await settles(t, rig, 180_000)
})
