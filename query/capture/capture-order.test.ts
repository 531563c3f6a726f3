import t from 'tap'
import { captureId, newCaptureId, startOfCapture } from './capture-order.ts'

t.test('newCaptureId() says when, and startOfCapture() reads it', async (t) => {
  const ms = Date.parse('2026-11-29T00:07:06.789Z')
  const id = newCaptureId(ms, Uint8Array.of(0x3f, 0x9a, 0x2c, 0x11))
  t.equal(id, '20261129T000706Z-3f9a2c11')
  t.ok(captureId.safeParse(id).success)
  t.equal(startOfCapture(id), ms - 789)
  for (const text of ['', 'x', '20261129T000706Z', `${id}0`, '20269929T000706Z-3f9a2c11'])
    t.equal(startOfCapture(text), undefined, text)
})
