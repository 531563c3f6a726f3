import t from 'tap'
import { Slots } from './slots.ts'

const never = new AbortController().signal

t.test('Slots runs so many at a time, in order', async (t) => {
  const slots = new Slots(2)
  const order: number[] = []
  let running = 0
  let most = 0
  const done = await Promise.all(
    Array.from({ length: 9 }, (_, i) =>
      slots.run(never, async () => {
        order.push(i)
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        return i
      }),
    ),
  )
  t.equal(most, 2)
  t.strictSame(order, [0, 1, 2, 3, 4, 5, 6, 7, 8])
  t.strictSame(done, order)
})

t.test('Slots gives the turn of who leaves, or fails, to the next', async (t) => {
  const slots = new Slots(1)
  const { promise, reject } = Promise.withResolvers<never>()
  const first = slots.run(never, () => promise)
  const leaving = new AbortController()
  const second = slots.run(leaving.signal, async () => 'second')
  const third = slots.run(never, async () => 'third')
  leaving.abort(new Error('the client went away'))
  await t.rejects(second, { message: 'the client went away' })
  reject(new Error('broken'))
  await t.rejects(first, { message: 'broken' })
  t.equal(await third, 'third')
  await t.rejects(
    slots.run(leaving.signal, async () => 'late'),
    { message: 'the client went away' },
  )
  t.equal(await slots.run(never, async () => 'free again'), 'free again')
})
