import t from 'tap'
import type { CaptureAnswer, CaptureItem } from '../../query/api/capture-types.ts'
import { formatFailures, formatProfiles, nameOf, progressOf } from './format-capture.ts'

const id = '20261129T000706Z-3f9a2c11'

function item(more: Partial<CaptureItem> = {}): CaptureItem {
  return {
    collector: 'collector-0',
    labels: { namespace: 'shop', pod: 'cart-0', container: 'app', profile_type: 'cpu', capture: id },
    state: 'done',
    done: 1,
    count: 1,
    profileIds: ['1795910779859-9db569bec5414126'],
    health: '',
    reason: '',
    remedy: '',
    ...more,
  }
}

function answer(...items: readonly CaptureItem[]): CaptureAnswer {
  return { id, state: 'done', startedMs: 1795910779000, leftOut: 0, items }
}

const text = item({
  labels: { service_name: 'api', instance: '10.0.0.1:80', profile_type: 'goroutine_text', capture: id },
  profileIds: ['1795910779860-0000000000000001'],
})

t.test('formatProfiles() links to the UI, and to a text itself', async (t) => {
  const lines = formatProfiles(answer(item(), text), 'http://conprof/x').split('\n')
  t.match(lines[0], /^profile +of +open$/)
  t.match(lines[1], /^1795910779859-9db569bec5414126 +shop\/cart-0 app cpu +http:\/\/conprof\/x\/explore\?/)
  const url = new URL(lines[1]!.split(' ').at(-1)!)
  t.strictSame(Object.fromEntries(url.searchParams), {
    q: `{capture="${id}", profile_type="cpu"}`,
    from: '1795910479859',
    to: '1795911079859',
    id: '1795910779859-9db569bec5414126',
  })
  t.match(
    lines[2],
    / api 10.0.0.1:80 goroutine_text +http:\/\/conprof\/x\/api\/v1\/profile\?id=1795910779860-0+1$/,
  )
  t.equal(formatProfiles(answer(item({ profileIds: [] })), 'http://conprof'), '')
})

t.test('progressOf() and nameOf()', async (t) => {
  t.equal(progressOf(answer(item())), '1 of 1 profiles')
  t.equal(
    progressOf(
      answer(
        item({ count: 3, state: 'running' }),
        item({ done: 0, state: 'waiting' }),
        item({ done: 0, state: 'failed' }),
      ),
    ),
    '1 of 5 profiles, 1 waiting, 1 running, 1 failed',
  )
  t.equal(nameOf({ job: 'x', profile_type: 'heap' }), 'heap')
})

t.test('formatFailures() says each way to fail once', async (t) => {
  const why = { health: 'refused', reason: 'connect ECONNREFUSED', remedy: 'check address' }
  const failed = item({ ...why, state: 'failed', done: 1, count: 3 })
  t.equal(
    formatFailures(
      answer(item(), failed, failed, item({ state: 'failed', health: 'canceled', reason: 'x' })),
    ),
    [
      'shop/cart-0 app cpu and 1 more after 1 of 3: refused: connect ECONNREFUSED',
      '  → check address',
      'shop/cart-0 app cpu after 1 of 1: canceled: x',
      '',
    ].join('\n'),
  )
})
