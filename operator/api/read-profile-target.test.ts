import fc from 'fast-check'
import t from 'tap'
import { isSameProfileTarget, readProfileTarget } from './read-profile-target.ts'

const metadata = {
  namespace: 'shop',
  name: 'cart',
  uid: '0f8e1c9a-3b5d-4b0e-9d58-000000000001',
  generation: 3,
  creationTimestamp: '2026-01-02T03:04:05Z',
  resourceVersion: '812',
}

t.test('readProfileTarget() keeps what the operator needs, in one form', async (t) => {
  const spec = {
    selector: { matchLabels: { app: 'cart' } },
    namespaceSelector: {},
    endpoints: [
      {
        port: 8443,
        scheme: 'https',
        tlsConfig: { insecureSkipVerify: true },
        profiles: [{ type: 'profile', seconds: 5 }, { type: 'allocs' }],
      },
    ],
  }
  t.strictSame(readProfileTarget({ metadata, spec, status: { targets: 3 } }), {
    namespace: 'shop',
    name: 'cart',
    uid: metadata.uid,
    generation: 3,
    createdMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    spec: {
      selector: { matchLabels: { app: 'cart' } },
      endpoints: [
        {
          name: 'default',
          port: 8443,
          scheme: 'https',
          pathPrefix: '',
          interval: '60s',
          timeout: '10s',
          tls: { insecureSkipVerify: true },
          profiles: [
            { type: 'cpu', enabled: true, seconds: 5 },
            { type: 'allocs', enabled: true },
          ],
        },
      ],
      mesh: 'auto',
      suspend: false,
    },
    problems: [],
    status: { targets: 3 },
  })
  t.equal(readProfileTarget({ metadata, spec, status: { targets: 'many' } })?.status, undefined)
})

t.test('readProfileTarget() drops only a namespaceSelector that selects the own namespace', async (t) => {
  const kept = (namespaceSelector: object) =>
    readProfileTarget({
      metadata,
      spec: { selector: { matchLabels: { app: 'cart' } }, namespaceSelector, endpoints: [{ port: 1 }] },
    })?.spec?.namespaceSelector
  t.equal(kept({ any: false, matchNames: [], matchLabels: {}, matchExpressions: [] }), undefined)
  for (const other of [
    { any: true },
    { matchNames: ['pay'] },
    { matchLabels: { team: 'shop' } },
    { matchExpressions: [{ key: 'team', operator: 'Exists' }] },
  ]) {
    t.same(kept(other), other)
  }
})

t.test('readProfileTarget() has the problems of a spec that cannot be followed', async (t) => {
  const view = readProfileTarget({ metadata, spec: { selector: {}, endpoints: [{ port: 0 }], mesh: 'no' } })
  t.match(view, { name: 'cart', generation: 3, spec: undefined })
  t.same(view?.problems, [
    'spec.endpoints[0].port: 0: want a number from 1 to 65535',
    'spec.mesh: "no": want "auto", "direct", "skip"',
  ])
})

t.test('readProfileTarget() knows an object without an identity for none, and never throws', async (t) => {
  for (const object of [
    undefined,
    null,
    1,
    [],
    {},
    { metadata: {} },
    { metadata: { ...metadata, uid: 1 } },
  ]) {
    t.equal(readProfileTarget(object), undefined)
  }
  const bare = { metadata: { namespace: 'a', name: 'b', uid: 'c', creationTimestamp: 'yesterday' } }
  t.match(readProfileTarget(bare), {
    generation: 0,
    createdMs: 0,
    problems: [/missing/],
  })
  fc.assert(fc.property(fc.jsonValue(), (spec) => void readProfileTarget({ metadata, spec })))
})

t.test('isSameProfileTarget() takes no notice of what a write of the status changes', async (t) => {
  const read = (changes: object) => {
    const view = readProfileTarget({ metadata: { ...metadata, ...changes }, spec: {} })
    if (view === undefined) throw new TypeError('no view')
    return view
  }
  const view = read({})
  t.ok(isSameProfileTarget(view, read({ resourceVersion: '813', labels: { a: 'b' } })))
  t.notOk(isSameProfileTarget(view, read({ generation: 4 })))
  t.notOk(isSameProfileTarget(view, read({ uid: 'another' })), 'deleted and made again')
})
