import t from 'tap'
import type { CaptureAnswer, CaptureItem } from '../../query/api/capture-types.ts'
import { captureCommand, captureItemName, captureProgress, captureResult } from './capture-words.ts'

const item: CaptureItem = {
  collector: 'collector-0',
  labels: { namespace: 'shop', pod: 'cart-1', profile_type: 'cpu' },
  state: 'done',
  done: 1,
  count: 1,
  profileIds: ['1795380901253-9f86d081884c7d65'],
  health: '',
  reason: '',
  remedy: '',
}
const capture: CaptureAnswer = {
  id: 'k3',
  state: 'done',
  startedMs: 1_795_380_900_000,
  leftOut: 0,
  items: [item],
}

t.test('captureCommand() says what differs from the defaults', (t) => {
  const query = '{pod="cart-1"}'
  t.equal(
    captureCommand({ query }, 'http://localhost:8080/'),
    `conprof capture '{pod="cart-1"}' --url http://localhost:8080`,
  )
  t.equal(
    captureCommand({ query, seconds: 30, count: 3, pods: 2, goroutineText: true }, 'https://x/conprof/'),
    `conprof capture '{pod="cart-1"}' --seconds 30 --count 3 --pods 2 --goroutine-text --url https://x/conprof`,
  )
  t.end()
})

t.test('captureProgress() counts what is stored, failed and left out', (t) => {
  t.equal(captureProgress(capture), '1 of 1 profile stored')
  const failed = { ...item, state: 'failed' as const, done: 0, count: 3 }
  t.equal(
    captureProgress({ ...capture, leftOut: 4, items: [item, failed] }),
    '1 of 4 profiles stored, 1 failed, 4 more matched and were left out',
  )
  t.end()
})

t.test('captureResult() opens the profile, or all of them', (t) => {
  const nowMs = capture.startedMs + 20_000
  const one = captureResult(capture, nowMs)
  t.match(one, { id: item.profileIds[0], q: '{capture="k3", profile_type="cpu"}', to: String(nowMs + 5000) })
  const two = captureResult({ ...capture, items: [item, item] }, nowMs)
  t.notOk('id' in (two ?? {}))
  t.equal(captureResult({ ...capture, items: [{ ...item, profileIds: [] }] }, nowMs), undefined)
  t.equal(captureItemName(item), 'shop/cart-1 · cpu')
  t.equal(
    captureItemName({ ...item, labels: { job: 'api', instance: 'a:1', profile_type: 'heap' } }),
    'api · a:1 · heap',
  )
  t.end()
})
