import { readFile } from 'node:fs/promises'
import t from 'tap'
import { Agent, fetch } from 'undici'
import { stringify } from 'yaml'
import { createRelabel } from '../../collector/relabel/relabel.ts'
import { createRelabelRule } from '../../collector/relabel/relabel-rule.ts'
import { checkProfileTarget } from '../../operator/api/check-profile-target.ts'
import { applyCrds, type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { profileTarget, readProfileTargetCases } from './profile-target-cases.ts'
import { mutations } from './profile-target-mutations.ts'

const plane = await startControlPlane(t)
await applyCrds(plane)
const api = await strictApi(plane)
const cases = readProfileTargetCases()
const good = cases.filter(({ refused }) => refused.length === 0)
const bad = cases.filter(({ refused }) => refused.length > 0)

t.test('a real API server refuses what is wrong, with these words, and so does our own check', async (t) => {
  t.ok(bad.length >= 150, `${bad.length} cases`)
  for (const { title, spec, refused, problems } of bad) {
    const answer = await api.dryRun(spec)
    // In no order that can be relied on.
    t.same(answer.lines.filter((line) => !isNote(line)).sort(), [...refused].sort(), title)
    const checked = checkProfileTarget(spec)
    t.same('problems' in checked ? checked.problems : 'taken', problems, `${title}, by our own check`)
  }
})

t.test('it takes what is right, and stores the defaults that our own check fills in', async (t) => {
  t.ok(good.length >= 45, `${good.length} cases`)
  for (const { title, spec } of good) {
    const answer = await api.dryRun(spec)
    t.same(answer.lines, [], title)
    t.same(checkProfileTarget(spec), { spec: answer.stored?.spec }, `${title}, by our own check`)
  }
})

t.test('the defaults are these', async (t) => {
  const { stored } = await api.dryRun(good[0]?.spec)
  t.strictSame(stored?.spec, {
    selector: { matchLabels: { app: 'cart' } },
    endpoints: [
      { name: 'default', port: 6060, scheme: 'http', pathPrefix: '', interval: '60s', timeout: '10s' },
    ],
    mesh: 'auto',
    suspend: false,
  })
  const nulls = { selector: {}, endpoints: [{ port: 6060, interval: null, container: null }], mesh: null }
  const answer = await api.dryRun(nulls)
  t.match(answer.stored?.spec, { endpoints: [{ interval: '60s' }], mesh: 'auto' }, 'also for null')
})

t.test('what comes of chance is taken by both or by neither', async (t) => {
  const counts = { taken: 0, refused: 0 }
  for (const spec of mutations({ count: 400, seed: 4 })) {
    const answer = await api.dryRun(spec)
    const checked = checkProfileTarget(spec)
    const isTaken = answer.lines.length === 0
    counts[isTaken ? 'taken' : 'refused']++
    if (isTaken === 'spec' in checked) continue
    t.same('problems' in checked ? checked.problems : [], answer.lines, JSON.stringify(spec))
  }
  t.ok(counts.taken > 40 && counts.refused > 200, JSON.stringify(counts))
})

t.test('kubectl apply says it so', async (t) => {
  const spec = (endpoint: object) => ({
    selector: { matchLabels: { app: 'cart' } },
    endpoints: [{ port: 6060, ...endpoint }],
  })
  const apply = async (object: unknown) => {
    const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], { stdin: stringify(object) })
    t.equal(code, 1)
    return stderr.trimEnd()
  }
  t.equal(
    await apply(profileTarget('cart', spec({ prot: 80, intervall: '30s' }))),
    'Error from server (BadRequest): error when creating "STDIN": ProfileTarget in version "v1alpha1" cannot be handled as a ProfileTarget: strict decoding error: unknown field "spec.endpoints[0].intervall", unknown field "spec.endpoints[0].prot"',
  )
  t.equal(
    await apply(profileTarget('cart', spec({ interval: '60' }))),
    'The ProfileTarget "cart" is invalid: spec.endpoints[0].interval: Invalid value: "60": want a duration from 5s to 24h with its unit (h, m, s or ms), such as 30s or 1m30s',
  )
  t.equal(
    await apply(profileTarget('cart', spec({ interval: '20s', profiles: [{ type: 'cpu', seconds: 30 }] }))),
    'The ProfileTarget "cart" is invalid: spec.endpoints[0].interval: Invalid value: the seconds of the types that are on (cpu takes 10 unless told otherwise) and 5 to spare do not fit into interval 20s: lower seconds, turn types off by enabled: false, or raise interval',
  )
  t.equal(
    await apply(
      profileTarget('cart', spec({ relabelings: [{ action: 'keep', sourceLabels: ['pod'], regex: '(' }] })),
    ),
    'The ProfileTarget "cart" is invalid: spec.endpoints[0].relabelings[0].regex: Invalid value: "string": Illegal regex: error parsing regexp: missing closing ): `(` evaluating rule: want a regular expression of RE2',
  )
  t.equal(
    await apply(profileTarget('cart', spec({ scheme: 'htps' }))),
    [
      'The ProfileTarget "cart" is invalid: ',
      '* spec.endpoints[0].scheme: Unsupported value: "htps": supported values: "http", "https"',
      '* <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ].join('\n'),
  )
  const twice = await apply(profileTarget('cart', spec({ port: 0, labels: undefined, tls: {} })))
  t.same(twice.split('\n').sort(), [
    '* spec.endpoints[0].port: Invalid value: 0: want a number from 1 to 65535',
    '* spec.endpoints[0].tls: Invalid value: needs scheme: https',
    'The ProfileTarget "cart" is invalid: ',
  ])
})

t.test('a large object costs no more than the rules may', async (t) => {
  const answer = await api.dryRun(largeSpec())
  t.same(answer.lines, [])
  t.ok(JSON.stringify(answer.stored).length > 500_000)
})

t.test('a regular expression that JavaScript never gets done with is harmless', async (t) => {
  const regex = '((a+)+)+$'
  const spec = {
    selector: {},
    endpoints: [{ port: 6060, relabelings: [{ action: 'drop', sourceLabels: ['pod'], regex }] }],
  }
  const begin = performance.now()
  t.match(checkProfileTarget(spec), { spec: {} })
  t.same((await api.dryRun(spec)).lines, [])
  const relabel = createRelabel([createRelabelRule({ action: 'drop', sourceLabels: ['pod'], regex })])
  t.same(relabel({ pod: `${'a'.repeat(5000)}!` }), { pod: `${'a'.repeat(5000)}!` })
  // Backtracking would take longer than the universe is old.
  t.ok(performance.now() - begin < 60_000, `${Math.round(performance.now() - begin)} ms`)
})

interface Answer {
  /** As kubectl prints them below "is invalid"; none where it was taken. */
  readonly lines: readonly string[]
  readonly stored: { readonly spec: unknown } | undefined
}

interface StatusAnswer {
  readonly kind: string
  readonly spec?: unknown
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly field: string; readonly message: string }[] }
}

/** The request that `kubectl apply --validate=strict` makes, without storing anything. */
async function strictApi({ url, token, caFile }: ControlPlane) {
  const dispatcher = new Agent({ connect: { ca: await readFile(caFile, 'utf8') } })
  t.teardown(() => dispatcher.close())
  const path = '/apis/conprof.io/v1alpha1/namespaces/default/profiletargets'
  return {
    async dryRun(spec: unknown): Promise<Answer> {
      const answer = await fetch(`${url}${path}?dryRun=All&fieldValidation=Strict`, {
        method: 'POST',
        dispatcher,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(profileTarget('cart', spec)),
      })
      const body = (await answer.json()) as StatusAnswer
      if (body.kind !== 'Status') return { lines: [], stored: { spec: body.spec } }
      const causes = body.details?.causes?.map(({ field, message }) => `${field}: ${message}`)
      return { lines: causes ?? [body.message ?? ''], stored: undefined }
    },
  }
}

function isNote(line: string): boolean {
  return line.includes('some validation rules were not checked because the object was invalid')
}

/** As many of everything as there may be, of texts that are long but not as long as they may be: that is 4 MB. */
function largeSpec() {
  const list = <T>(length: number, item: (index: number) => T) =>
    Array.from({ length }, (_, index) => item(index))
  const long = (length: number) => 'a'.repeat(length)
  return {
    selector: {
      matchExpressions: list(32, (index) => ({
        key: `${long(200)}.example.com/k${index}`,
        operator: 'In',
        values: list(100, (value) => `${long(40)}-${value}`),
      })),
    },
    namespaceSelector: { matchNames: list(100, (index) => `${long(58)}-${index}`) },
    endpoints: list(10, (index) => ({
      name: `e${index}`,
      port: 'http-pprof',
      pathPrefix: `/${long(255)}`,
      interval: '23h59m59s999ms',
      profiles: list(15, (type) => ({ type: `${long(60)}${type}`, path: `/${long(511)}`, seconds: 300 })),
      params: Object.fromEntries(list(16, (name) => [`p${name}`, list(2, () => long(300))])),
      relabelings: list(50, (rule) => ({
        sourceLabels: list(5, () => long(100)),
        regex: `(${long(250)}|[a-z]+)+${rule}`,
        targetLabel: long(100),
      })),
    })),
    podTargetLabels: list(32, (index) => `${long(200)}.example.com/k${index}`),
    labels: Object.fromEntries(list(32, (index) => [`${long(100)}${index}`, long(1024)])),
  }
}
