import { createRandom } from '../support/mutate.ts'

/** Specs that are one to three random changes away from a right one, the same for the same seed; none holds a null. */
export function* mutations(options: { readonly count: number; readonly seed: number }): Generator<unknown> {
  const random = createRandom(options.seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
  for (let made = 0; made < options.count; made++) {
    const root: Parent = { spec: structuredClone(right) }
    for (let times = 1 + Math.floor(random() * 3); times > 0; times--) change(root, pick)
    yield root['spec']
  }
}

type Parent = Record<string | number, unknown>
interface Place {
  readonly parent: Parent
  readonly key: string | number
}

function change(root: Parent, pick: <T>(items: readonly T[]) => T): void {
  // All but the spec itself.
  const places = placesBelow(root['spec'])
  if (places.length === 0) return
  const { parent, key } = pick(places)
  const value = parent[key]
  const other = () => structuredClone(pick(telling))
  switch (pick(['replace', 'resemble', 'remove', 'add', 'move'])) {
    case 'replace':
      parent[key] = other()
      break
    case 'resemble':
      parent[key] = structuredClone(pick(telling.filter((item) => typeof item === typeof value)))
      break
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1)
      else delete parent[key]
      break
    case 'add':
      if (Array.isArray(value)) value.push(pick([other(), structuredClone(value[0] ?? 'a')]))
      else if (typeof value === 'object' && value !== null) (value as Parent)[pick(tellingKeys)] = other()
      break
    default: {
      const from = pick(places)
      parent[key] = structuredClone(from.parent[from.key])
    }
  }
}

function placesBelow(node: unknown): Place[] {
  if (typeof node !== 'object' || node === null) return []
  const keys = Array.isArray(node) ? node.map((_, index) => index) : Object.keys(node)
  const parent = node as Parent
  return keys.flatMap((key) => [{ parent, key }, ...placesBelow(parent[key])])
}

const right = {
  selector: {
    matchLabels: { app: 'cart' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['web', 'api'] },
      { key: 'canary', operator: 'DoesNotExist' },
    ],
  },
  namespaceSelector: { matchNames: ['shop', 'pay'] },
  endpoints: [
    {
      name: 'app',
      port: 6060,
      container: 'cart',
      scheme: 'https',
      pathPrefix: '/app',
      interval: '1m30s',
      timeout: '20s',
      profiles: [
        { type: 'cpu', seconds: 20 },
        { type: 'heap', enabled: false },
        { type: 'fgprof', path: '/debug/fgprof', seconds: 5 },
      ],
      params: { gc: ['1'] },
      authorization: { type: 'Bearer', credentials: { name: 'cart', key: 'token' } },
      tls: {
        ca: { secret: { name: 'ca', key: 'ca.crt' } },
        cert: { secret: { name: 'client', key: 'tls.crt' } },
        keySecret: { name: 'client', key: 'tls.key' },
        serverName: 'cart.shop',
        insecureSkipVerify: false,
      },
      relabelings: [
        { sourceLabels: ['pod'], regex: '(.*)-[0-9]+', targetLabel: 'set', replacement: '$1' },
        { action: 'labeldrop', regex: 'tmp_.*' },
        { action: 'hashmod', sourceLabels: ['pod'], modulus: 4, targetLabel: '__tmp_part' },
        { action: 'labelmap', regex: 'x_(.*)', replacement: 'y_$1' },
      ],
    },
    {
      name: 'sidecar',
      port: 'pprof',
      basicAuth: { username: { name: 'b', key: 'user' }, password: { name: 'b', key: 'password' } },
    },
  ],
  podTargetLabels: ['team', 'app.kubernetes.io/part-of'],
  labels: { cost_center: '17' },
  limits: { maxTargets: 10 },
  mesh: 'auto',
  suspend: false,
}

const telling: readonly unknown[] = [
  ...[0, 1, -1, 5, 10, 80, 65_535, 65_536, 300, 301, 1.5, 1e20, 2_147_483_648, true, false, [], {}],
  ...['', 'a', 'A', 'a_b', '-a', 'a-', 'a--b', '/a', '/a/', 'a/b', 'a b', 'a\n', '..', '/a/../b', '%zz'],
  ...['5s', '15s', '25s', '29s', '30s', '30s1m', '1m', '24h', '25h', '86400001ms', '100ms', '99ms', '6m'],
  ...['In', 'Exists', 'http', 'https', 'Basic', 'cpu', 'profile', 'heap', 'trace', 'seconds', 'namespace'],
  ...['keep', 'replace', 'keepequal', 'lowercase', 'labeldrop', 'labelmap', 'hashmod', '$1', '${'],
  ...['__tmp', '__tmp_x', '__param_a', '__param_seconds', '__x', '__address__', 'a'.repeat(63)],
  ...['a'.repeat(64), 'a'.repeat(129), 'a'.repeat(1025), '😀'.repeat(16), 'é'.repeat(60), '\u00a0', '\u0000'],
  ...['(', ')', 'a{1001}', 'a{2,1}', '\\p{L}', '\\pX', '(?P<n>x)', '(?<n>x)', '(?i)x', '[a', '\\', '\\Qa'],
  ...[
    '(?=a)',
    'x*+',
    'a**',
    '\\C',
    '\\8',
    '[[:word:]]',
    '[[:foo:]]',
    '(?P<n>a)(?P<n>b)',
    '((a{100}){100}){9}',
  ],
  ...[['a'], ['a', 'a'], [''], [1], { a: 'b' }, { name: 'a', key: 'b' }, { type: 'mutex' }, { port: 1 }],
  { key: 'a', operator: 'Exists' },
]

const tellingKeys = [
  ...[
    'any',
    'matchNames',
    'matchLabels',
    'matchExpressions',
    'tls',
    'tlsConfig',
    'basicAuth',
    'authorization',
  ],
  ...['seconds', 'path', 'enabled', 'type', 'modulus', 'regex', 'separator', 'replacement', 'targetLabel'],
  ...[
    'action',
    'values',
    'container',
    'cert',
    'keySecret',
    'key',
    'name',
    'port',
    'interval',
    'limits',
    'pod',
  ],
  ...['a', 'A-b', '__x', 'a/b', 'constructor', 'toString', 'a'.repeat(65), 'a'.repeat(129)],
]
