import { signal } from '@preact/signals'
import t from 'tap'
import { ApiError, type Loaded } from './api.ts'
import { createResource } from './resource.ts'

/** A server whose answers the test gives one by one. */
function heldServer() {
  const asked: {
    key: string
    signal: AbortSignal
    answer: (data: string) => void
    fail: (error: Error) => void
  }[] = []
  const load = (key: string, signal: AbortSignal) =>
    new Promise<Loaded<string>>((resolve, reject) => {
      asked.push({ key, signal, answer: (data) => resolve({ data, warnings: [] }), fail: reject })
    })
  return { asked, load }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

t.test('a newer key aborts the older request, whose late answer changes nothing', async (t) => {
  const key = signal<string | undefined>('a')
  const { asked, load } = heldServer()
  const resource = createResource(() => key.value, load)
  t.match(resource.value, { loading: true, data: undefined })
  key.value = 'b'
  t.equal(asked[0]?.signal.aborted, true)
  asked[1]?.answer('of b')
  asked[0]?.answer('of a')
  await settled()
  t.match(resource.value, { loading: false, data: 'of b', key: 'b' })
  t.equal(asked.length, 2)
})

t.test('an equal key asks nothing; no key keeps nothing', async (t) => {
  const key = signal<{ id: string } | undefined>({ id: 'a' })
  let asked = 0
  const resource = createResource(
    () => key.value,
    async () => ({ data: ++asked, warnings: ['w'] }),
  )
  await settled()
  key.value = { id: 'a' }
  await settled()
  t.match(resource.value, { data: 1, warnings: ['w'] })
  key.value = undefined
  t.equal(resource.value.data, undefined)
})

t.test('old data stays in sight under a new key only where it may', async (t) => {
  const key = signal('a1')
  const { asked, load } = heldServer()
  const resource = createResource(() => key.value, load, { keep: (before, now) => before[0] === now[0] })
  asked[0]?.answer('of a1')
  await settled()
  key.value = 'a2'
  t.match(resource.value, { data: 'of a1', key: 'a1', loading: true })
  key.value = 'b1'
  t.equal(resource.value.data, undefined)
})

t.test('data outlives a lost connection, not a refusal', async (t) => {
  const key = signal('a')
  const { asked, load } = heldServer()
  const retry = signal(1)
  const resource = createResource(() => key.value, load, { retry })
  asked[0]?.answer('of a')
  await settled()
  retry.value = 2
  t.equal(asked.length, 1, 'what was answered is not asked again')
  key.value = 'b'
  asked[1]?.fail(new ApiError('gone', 'unreachable'))
  await settled()
  t.match(resource.value, { data: 'of a', key: 'a', error: { code: 'unreachable' } })
  retry.value = 3
  t.equal(asked[2]?.key, 'b', 'what could not be reached is')
  key.value = 'c'
  asked[3]?.fail(new ApiError('no', 'bad_data'))
  await settled()
  t.match(resource.value, { data: undefined, error: { code: 'bad_data' } })
})
