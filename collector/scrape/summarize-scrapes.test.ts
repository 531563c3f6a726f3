import t from 'tap'
import type { Target } from '../target.ts'
import { summarizeScrapes } from './summarize-scrapes.ts'

interface Process {
  readonly pod?: string
  readonly port?: number
  readonly owner?: string
  readonly endpoint?: string
}

/** One loop per type of a process, with the health of each. */
function loops(
  { pod = 'cart-0', port = 6060, owner = 'annotations', endpoint = '' }: Process,
  types: Record<string, string>,
) {
  const address = `10.0.0.${pod.length}:${port}`
  return Object.entries(types).map(([profileType, said]) => {
    const [health, reason = ''] = said.split(': ')
    const target: Target = {
      key: `${pod}${port}${profileType}`,
      job: 'shop',
      profileType,
      labels: { namespace: 'shop', pod, container: 'app', profile_type: profileType },
      discoveredLabels: {},
      url: '',
      scheme: 'http',
      address,
      intervalMs: 60_000,
      timeoutMs: 10_000,
      keepEmpty: true,
      http: { tls: { insecureSkipVerify: false }, followRedirects: false },
      facts: { owner, endpoint },
    }
    const reasonWithAddress = reason.replace('ADDRESS', address)
    return { target, state: { health: health as 'ok', reason: reasonWithAddress, remedy: `mend ${health}` } }
  })
}

t.test('summarizeScrapes() counts a process once, however many types it has', async (t) => {
  const summary = summarizeScrapes([
    ...loops(
      { pod: 'a' },
      { cpu: 'ok', heap: 'ok', block: 'empty', goroutine: 'unsupported', mutex: 'unknown' },
    ),
    ...loops({ pod: 'a', port: 6061 }, { cpu: 'busy', heap: 'http-5xx: HTTP status 500' }),
    ...loops({ pod: 'a', owner: 'ProfileTarget/shop/cart', endpoint: 'pprof' }, { cpu: 'ok' }),
  ])
  t.strictSame(summary, {
    targets: 3,
    owners: [
      {
        owner: 'annotations',
        endpoint: '',
        targets: 2,
        unhealthy: 1,
        errors: [
          {
            namespace: 'shop',
            pod: 'a',
            container: 'app',
            profileType: 'heap',
            health: 'http-5xx',
            reason: 'HTTP status 500',
            remedy: 'mend http-5xx',
            count: 1,
          },
        ],
      },
      { owner: 'ProfileTarget/shop/cart', endpoint: 'pprof', targets: 1, unhealthy: 0, errors: [] },
    ],
  })
})

t.test('summarizeScrapes() names five kinds of failure, meshes first, then the most frequent', async (t) => {
  const refused = {
    cpu: 'refused: connect ECONNREFUSED ADDRESS',
    heap: 'refused: connect ECONNREFUSED ADDRESS',
  }
  const { owners } = summarizeScrapes([
    ...loops({ pod: 'one' }, { cpu: 'timeout: slow' }),
    ...loops({ pod: 'a' }, refused),
    ...loops({ pod: 'ab' }, refused),
    ...loops({ pod: 'abc' }, refused),
    ...loops({ pod: 'b' }, { heap: 'http-4xx: HTTP status 401' }),
    ...loops({ pod: 'bc' }, { heap: 'http-4xx: HTTP status 401' }),
    ...loops({ pod: 'c' }, { heap: 'http-4xx: HTTP status 403' }),
    ...loops({ pod: 'd' }, { heap: 'tls: no' }),
    ...loops({ pod: 'e' }, { heap: 'not-pprof: page' }),
    ...loops({ pod: 'f' }, { block: 'http-5xx: odd', cpu: 'mesh-blocked: reset' }),
  ])
  t.equal(owners[0]!.unhealthy, 10)
  t.strictSame(
    owners[0]!.errors.map(({ health, count }) => `${health} ${count}`),
    ['mesh-blocked 1', 'refused 3', 'http-4xx 2', 'timeout 1', 'http-4xx 1'],
  )
})

t.test(
  'summarizeScrapes() takes a process that has none of its types for one with a wrong path',
  async (t) => {
    const missing = { cpu: 'unsupported: HTTP status 404', heap: 'unsupported: HTTP status 404' }
    const [summary] = summarizeScrapes([
      ...loops({ pod: 'a' }, missing),
      ...loops({ pod: 'ab' }, { ...missing, block: 'unknown' }),
      ...loops({ pod: 'abc' }, { ...missing, block: 'empty' }),
    ]).owners
    t.match(summary, { targets: 3, unhealthy: 1, errors: [{ pod: 'a', health: 'unsupported', count: 1 }] })
    t.equal(summary?.errors[0]?.reason, 'all paths, such as : HTTP status 404')
    t.match(summary?.errors[0]?.remedy, /^correct the port, or the path before \/debug\/pprof/)
  },
)

t.test('summarizeScrapes() of nothing', async (t) => {
  t.strictSame(summarizeScrapes([]), { targets: 0, owners: [] })
})
