import t from 'tap'
import { readProfileTarget } from '../api/read-profile-target.ts'
import type { CredentialsProblem } from '../credentials/secret-answer.ts'
import type { CredentialSource } from '../targets/decision.ts'
import { projectPod, type RawPod } from '../targets/project-pod.ts'
import { defaultTargetSettings } from '../targets/settings.ts'
import { Decisions } from './decisions.ts'
import { TargetSet, type TargetSetOptions } from './target-set.ts'

/** Two pods of a ProfileTarget with credentials, one with annotations, one of the release itself. */
function setUp(options: Partial<TargetSetOptions> = {}) {
  const decisions = new Decisions({
    settings: defaultTargetSettings,
    onDefect: (_, error) => t.fail(error as Error),
  })
  const key = { name: 'pg', key: 'token' }
  const profileTarget = readProfileTarget({
    metadata: { namespace: 'shop', name: 'cart', uid: 'x', generation: 1 },
    spec: {
      selector: { matchLabels: { app: 'cart' } },
      endpoints: [{ port: 6060, authorization: { credentials: key } }],
    },
  })
  decisions.setProfileTarget('shop/cart', profileTarget)
  const add = (namespace: string, name: string, { labels, annotations }: NonNullable<RawPod['metadata']>) => {
    const raw: RawPod = {
      metadata: {
        namespace,
        name,
        uid: name,
        ...(labels && { labels }),
        ...(annotations && { annotations }),
      },
      spec: { containers: [{ name: 'app', ports: [{ containerPort: 6060 }] }] },
      status: { phase: 'Running', podIP: '10.0.0.1' },
    }
    decisions.setPod(`${namespace}/${name}`, projectPod(raw))
  }
  const annotations = { 'conprof.io/scrape': 'true' }
  for (const name of ['cart-0', 'cart-1']) add('shop', name, { labels: { app: 'cart' } })
  add('shop', 'web-0', { annotations })
  add('conprof', 'collector-0', { annotations, labels: { 'conprof.io/release': 'conprof' } })
  decisions.refresh()
  const followed: CredentialSource[] = []
  const set = new TargetSet({
    decisions,
    settings: defaultTargetSettings,
    secrets: { follow: (sources) => void followed.push(...sources), problemOf: () => undefined },
    namespace: 'conprof',
    release: 'conprof',
    hasToken: () => false,
    isHeld: () => false,
    ...options,
  })
  set.refresh()
  const draw = () =>
    set.targets.map(({ target, job }) => `${target.uid} ${job.credentials.length}`).join(', ')
  return { set, draw, followed, decisions }
}

const problem = (code: CredentialsProblem['code']) => ({
  secrets: { follow: () => {}, problemOf: () => ({ code, message: 'no' }) },
})

t.test('all that is decided, with credentials where they can be read', async (t) => {
  const { draw, followed } = setUp()
  t.equal(draw(), 'cart-0 1, cart-1 1, web-0 0, collector-0 0')
  t.match(followed, [{ namespace: 'shop', ref: { name: 'pg', key: 'token' } }])
})

t.test(
  'without credentials nothing, but for what a collector has already while nobody answers',
  async (t) => {
    const { draw, set } = setUp(problem('SecretForbidden'))
    t.equal(draw(), 'web-0 0, collector-0 0')
    t.match(set.laterDrops.get('shop/cart-0'), [{ code: 'NotAccepted', reason: 'SecretForbidden: no' }])
    const isHeld = (key: string) => key.startsWith('cart-1/')
    t.equal(setUp({ ...problem('SecretForbidden'), isHeld }).draw(), 'web-0 0, collector-0 0')
    t.equal(setUp({ ...problem('SecretUnread'), isHeld }).draw(), 'cart-1 1, web-0 0, collector-0 0')
  },
)

t.test('the programs of the release are scraped with its token', async (t) => {
  const { draw } = setUp({ hasToken: () => true })
  t.equal(draw(), 'cart-0 1, cart-1 1, web-0 0, collector-0 1')
})

t.test('it looks again only where something changed', async (t) => {
  const { set, decisions } = setUp()
  const { targets } = set
  set.refresh()
  t.equal(set.targets, targets)
  decisions.setPod('shop/web-0', undefined)
  decisions.refresh()
  set.markStale()
  set.refresh()
  t.equal(set.targets.length, 3)
})
