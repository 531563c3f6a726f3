import t from 'tap'
import { SharedWork } from './shared-work.ts'

t.test('SharedWork goes on while anybody waits', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>()
  let stopped = false
  const work = new SharedWork((signal) => {
    signal.addEventListener('abort', () => {
      stopped = true
    })
    return promise
  })
  const first = new AbortController()
  const leaving = work.wait(first.signal)
  const staying = work.wait()
  first.abort(new Error('the first went away'))
  await t.rejects(leaving, { message: 'the first went away' })
  t.equal(stopped, false)
  resolve('done')
  t.equal(await staying, 'done')
  t.equal(await work.wait(), 'done', 'and its result stays')
  t.equal(work.isAbandoned, false)
})

t.test('SharedWork stops once nobody waits', async (t) => {
  const work = new SharedWork(
    (signal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  )
  const both = [new AbortController(), new AbortController()]
  const waiting = both.map(({ signal }) => work.wait(signal))
  both[0]!.abort(new Error('one'))
  t.equal(work.isAbandoned, false)
  both[1]!.abort(new Error('two'))
  await t.rejects(waiting[0]!, { message: 'one' })
  await t.rejects(waiting[1]!, { message: 'two' })
  t.equal(work.isAbandoned, true)
})

t.test('SharedWork fails for everybody who waits', async (t) => {
  const work = new SharedWork(() => Promise.reject(new Error('bucket is away')))
  await t.rejects(work.wait(), { message: 'bucket is away' })
  await t.rejects(work.wait(), { message: 'bucket is away' })
  await t.rejects(work.wait(AbortSignal.abort(new Error('gone'))), { message: 'gone' })
})
