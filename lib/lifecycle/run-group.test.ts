import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { runGroup } from './run-group.ts'

t.test('runGroup() stops the others at the first end and waits for them', async (t) => {
  const ended: string[] = []
  const untilStopped =
    (name: string) =>
    async ({ signal }: { signal: AbortSignal }) => {
      await sleep(60_000, undefined, { signal }).catch(() => {})
      ended.push(name)
    }
  const first = async () => {
    ended.push('first')
  }
  await runGroup([untilStopped('a'), first, untilStopped('b')], { signal: new AbortController().signal })
  t.strictSame(ended, ['first', 'a', 'b'])
})

t.test('runGroup() rejects with the first error once all have ended', async (t) => {
  let drained = false
  const failing = async () => {
    throw new Error('listen: no')
  }
  const draining = async ({ signal }: { signal: AbortSignal }) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    drained = true
    throw new Error('later')
  }
  const signal = new AbortController().signal
  await t.rejects(runGroup([draining, failing], { signal }), { message: 'listen: no' })
  t.equal(drained, true)
})

t.test('runGroup() stops all with its signal', async (t) => {
  const stop = new AbortController()
  const waiting = ({ signal }: { signal: AbortSignal }) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  const group = runGroup([waiting, waiting], { signal: stop.signal })
  stop.abort()
  await t.resolves(group)
})
