import t from 'tap'
import { accept, profileTargetView } from '../../test/support/pod-shapes.ts'
import { acceptProfileTarget } from './accept-profile-target.ts'
import { defaultTargetSettings, type TargetSettings } from './settings.ts'

const base = { selector: { matchLabels: { app: 'cart' } }, endpoints: [{ port: 'pprof' }] }

function outcome(spec: unknown, settings: Partial<TargetSettings> = {}): string {
  const acceptance = acceptProfileTarget(profileTargetView('a', spec, 0), {
    ...defaultTargetSettings,
    ...settings,
  })
  return acceptance.accepted === undefined ? `${acceptance.reason}: ${acceptance.message}` : 'Accepted'
}

t.test('acceptProfileTarget() accepts, or says why not', async (t) => {
  const cross = 'only an operator with --allow-cross-namespace (allowCrossNamespace in the chart) allows that'
  const long = { defaults: { ...defaultTargetSettings.defaults, profileTypes: { cpu: { seconds: 30 } } } }
  const many = Array.from({ length: 15 }, (_, index) => ({ type: `own${index}` }))
  const cases: [string, unknown, string, Partial<TargetSettings>?][] = [
    ['the least', base, 'Accepted'],
    ['suspended', { ...base, suspend: true }, 'Suspended: spec.suspend is true'],
    ['no spec', undefined, 'InvalidSpec: spec: missing'],
    ['its own namespace', { ...base, namespaceSelector: { matchNames: ['shop'] } }, 'Accepted'],
    ['an empty namespaceSelector', { ...base, namespaceSelector: {} }, 'Accepted'],
    [
      'any namespace',
      { ...base, namespaceSelector: { any: true } },
      `CrossNamespaceForbidden: spec.namespaceSelector.any: selects pods of other namespaces; ${cross}`,
    ],
    [
      'another namespace',
      { ...base, namespaceSelector: { matchNames: ['shop', 'bank'] } },
      `CrossNamespaceForbidden: spec.namespaceSelector.matchNames: "bank" is not this namespace; ${cross}`,
    ],
    [
      'namespaces by label',
      { ...base, namespaceSelector: { matchLabels: { team: 'a' } } },
      `CrossNamespaceForbidden: spec.namespaceSelector: labels select other namespaces too; ${cross}`,
    ],
    [
      'any, where it is allowed',
      { ...base, namespaceSelector: { any: true } },
      'Accepted',
      { allowCrossNamespace: true },
    ],
    [
      "seconds that fit the default but not the operator's",
      { ...base, endpoints: [{ port: 1, interval: '20s' }] },
      'InvalidSpec: spec.endpoints[0].interval: 20s: cpu 30s and 5s to spare need at least 35s',
      long,
    ],
    [
      'too many types',
      { ...base, endpoints: [{ port: 1, profiles: many }] },
      'InvalidSpec: spec.endpoints[0].profiles: 21 types are enabled, defaults among them: want at most 20',
      {
        defaults: { ...defaultTargetSettings.defaults, profileTypes: { fgprof: { path: '/debug/fgprof' } } },
      },
    ],
  ]
  for (const [name, spec, want, settings] of cases) t.equal(outcome(spec, settings), want, name)
  t.match(outcome({ ...base, endpoints: [{ port: 0 }] }), /^InvalidSpec: spec\.endpoints\[0\]\.port/)
})

t.test('limits of a namespace bind a ProfileTarget, which is told so', async (t) => {
  const settings = {
    ...defaultTargetSettings,
    limits: { perNamespace: { targets: 0, minIntervalMs: 120_000, maxSeconds: 15 } },
  }
  const spec = {
    ...base,
    endpoints: [{ port: 'pprof', profiles: [{ type: 'cpu', seconds: 30 }] }],
  }
  const { asks, problems } = accept(profileTargetView('a', spec, 0), settings)
  t.equal(asks[0]?.intervalMs, 120_000)
  t.equal(asks[0]?.profiles.find(({ type }) => type === 'cpu')?.seconds, 15)
  t.strictSame(
    problems.map(({ note }) => note),
    [
      'spec.endpoints[0].profiles: cpu 30s: a namespace gets at most 15s, which is used',
      'spec.endpoints[0].interval: 60s: a namespace gets no less than 2m, which is used',
    ],
  )
})
