import t from 'tap'
import type { Target } from '../target.ts'
import { acceptGoroutineText } from './accept-goroutine-text.ts'
import { capturedTarget } from './captured-target.ts'

const id = '20261129T000706Z-3f9a2c11'

function target(path: string, more: Partial<Target> = {}): Target {
  return {
    key: 'a',
    job: 'annotations',
    profileType: 'cpu',
    labels: { pod: 'cart-0', profile_path: path, profile_type: 'cpu' },
    discoveredLabels: {},
    url: `http://10.0.0.1:6060${path}`,
    scheme: 'http',
    address: '10.0.0.1:6060',
    intervalMs: 60_000,
    timeoutMs: 10_000,
    keepEmpty: true,
    http: { tls: { insecureSkipVerify: false }, followRedirects: false },
    ...more,
  }
}

t.test('capturedTarget() changes how long a timed profile takes, and its series', async (t) => {
  const timed = target('/debug/pprof/profile', {
    url: 'http://10.0.0.1:6060/debug/pprof/profile?seconds=10&gc=1',
    seconds: 10,
    timeoutMs: 20_000,
  })
  const captured = capturedTarget(timed, { id, seconds: 300, kind: 'profile' })
  t.match(captured, {
    url: 'http://10.0.0.1:6060/debug/pprof/profile?seconds=300&gc=1',
    seconds: 300,
    timeoutMs: 310_000,
    labels: { capture: id, pod: 'cart-0', profile_type: 'cpu', profile_path: '/debug/pprof/profile' },
    address: timed.address,
  })
  t.strictSame(Object.keys(captured.labels), ['capture', 'pod', 'profile_path', 'profile_type'])
  const heap = capturedTarget(target('/debug/pprof/heap'), { id, seconds: 300, kind: 'profile' })
  t.equal(heap.url, 'http://10.0.0.1:6060/debug/pprof/heap', 'with seconds it would be a difference')
  t.equal(heap.seconds, undefined)
  t.equal(heap.timeoutMs, 10_000)
})

t.test('capturedTarget() finds where the text of goroutines is', async (t) => {
  for (const [path, found] of [
    ['/debug/pprof/profile', '/debug/pprof/goroutine'],
    ['/debug/pprof/goroutine', '/debug/pprof/goroutine'],
    ['/prefix/debug/pprof/heap/', '/prefix/debug/pprof/goroutine'],
  ] as const) {
    const url = `http://10.0.0.1:6060${path}?seconds=10&x=y`
    const text = capturedTarget(target(path, { url, seconds: 10, timeoutMs: 20_000 }), {
      id,
      seconds: 30,
      kind: 'goroutine_text',
    })
    t.equal(text.url, `http://10.0.0.1:6060${found}?x=y&debug=2`)
    t.equal(text.seconds, undefined)
    t.match(text, { profileType: 'goroutine_text', timeoutMs: 10_000, labels: { profile_path: found } })
  }
})

t.test('acceptGoroutineText() tells goroutines from what else is no pprof', async (t) => {
  const scraped = (text: string) =>
    ({
      health: 'not-pprof',
      reason: 'no protobuf',
      receivedBytes: text.length,
      attempt: {
        labels: {},
        timeMs: 1,
        durationMs: 1,
        health: 'not-pprof',
        httpStatus: 200,
        body: Buffer.from(text),
      },
    }) as const
  const well = acceptGoroutineText(scraped('goroutine 1 [running]:\nmain.main()\n'))
  t.match(well, { health: 'ok', reason: '', attempt: { health: 'ok' } })
  const page = acceptGoroutineText(scraped('<html>goroutine 1 [running]:'))
  t.match(page, { health: 'not-pprof', reason: /no text of goroutines/ })
  t.equal(page.attempt.body, undefined)
})
