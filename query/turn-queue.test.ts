import t from 'tap'
import { TurnQueue } from './turn-queue.ts'

t.test('TurnQueue lets so many in at a time, others in the order in which they came', async (t) => {
  const queue = new TurnQueue(2)
  const entered: string[] = []
  const enter = async (name: string, signal?: AbortSignal) => {
    const turn = await queue.enter(signal)
    entered.push(name)
    return turn
  }
  const first = await enter('first')
  const second = await enter('second')
  const gone = new AbortController()
  const third = enter('third')
  const fourth = enter('fourth', gone.signal)
  const fifth = enter('fifth')
  t.same([queue.running, queue.waiting], [2, 3])
  gone.abort(new Error('gone'))
  await t.rejects(fourth, { message: 'gone' })
  t.equal(queue.waiting, 2)
  first.leave()
  first.leave()
  await third
  t.same([queue.running, queue.waiting, entered], [2, 1, ['first', 'second', 'third']], 'one for one')
  second[Symbol.dispose]()
  const last = [await third, await fifth]
  for (const turn of last) turn.leave()
  t.same([queue.running, queue.waiting], [0, 0])
  await t.rejects(queue.enter(AbortSignal.abort(new Error('gone before'))), { message: 'gone before' })
  t.equal(queue.running, 0)
})
