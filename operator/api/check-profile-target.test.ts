import fc from 'fast-check'
import t from 'tap'
import { createRelabelRule, type RelabelFields } from '../../collector/relabel/relabel-rule.ts'
import { readProfileTargetCases } from '../../test/operator/profile-target-cases.ts'
import { mutations } from '../../test/operator/profile-target-mutations.ts'
import { checkProfileTarget } from './check-profile-target.ts'
import type { Relabeling } from './profile-target.ts'

const good = { selector: {}, endpoints: [{ port: 6060 }] }

// The same cases as those that `test/operator/profile-target-admission.test.ts` shows to a real API server.
t.test('checkProfileTarget() says what is wrong', async (t) => {
  for (const { title, spec, problems } of readProfileTargetCases()) {
    const checked = checkProfileTarget(spec)
    t.same('problems' in checked ? checked.problems : [], problems, title)
  }
})

t.test('checkProfileTarget() and the API server differ in these alone', async (t) => {
  const isNull = { ...good, endpoints: [{ port: 6060, interval: null }] }
  t.same(
    checkProfileTarget(isNull),
    { problems: ['spec.endpoints[0].interval: want text'] },
    'null, which the API server takes for what is missing, and never stores',
  )
  const odd: unknown = JSON.parse(
    '{ "selector": {}, "endpoints": [{ "port": 1 }], "labels": { "__proto__": "a" } }',
  )
  t.match(
    checkProfileTarget(odd),
    { spec: { labels: {} } },
    'a key __proto__, which is left out here and refused there',
  )
})

t.test('checkProfileTarget() shortens what it quotes, and long lists of problems', async (t) => {
  const long = { ...good, mesh: 'x'.repeat(1000) }
  t.same(checkProfileTarget(long), {
    problems: [`spec.mesh: "${'x'.repeat(63)}…: want "auto", "direct", "skip"`],
  })
  const many = { ...good, podTargetLabels: Array.from({ length: 32 }, (_, index) => `bad ${index}`) }
  const checked = checkProfileTarget(many)
  t.equal('problems' in checked && checked.problems.length, 20)
})

t.test('checkProfileTarget() never throws, and is done soon, whatever it is given', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      checkProfileTarget(value)
      checkProfileTarget({ ...good, endpoints: [{ port: 6060, relabelings: value, params: value }] })
    }),
  )
  const long = `${'$aaaaaaaaa'.repeat(10_000)}!`
  const before = process.cpuUsage()
  for (const fields of [
    { pathPrefix: `/${long}` },
    { interval: '1'.repeat(100_000) },
    { name: `a${'-'.repeat(100_000)}` },
    { relabelings: [{ targetLabel: long, regex: '('.repeat(1000), replacement: long, action: 'labelmap' }] },
    { tls: { serverName: `${'a.'.repeat(50_000)}!` } },
  ]) {
    t.ok('problems' in checkProfileTarget({ ...good, endpoints: [{ port: 6060, ...fields }] }))
  }
  const key = `${'a.a-'.repeat(20_000)}!`
  t.ok('problems' in checkProfileTarget({ ...good, selector: { matchLabels: { [key]: key } } }))
  // Of its own: others may be at work as well.
  const tookMs = process.cpuUsage(before).user / 1000
  t.ok(tookMs < 1000, `${tookMs} ms`)
})

t.test('the relabelings that it takes are those that a collector takes', async (t) => {
  let taken = 0
  for (const spec of mutations({ count: 3000, seed: 1 })) {
    const checked = checkProfileTarget(spec)
    if ('problems' in checked) continue
    for (const { relabelings = [] } of checked.spec.endpoints) {
      for (const rule of relabelings) {
        t.doesNotThrow(() => createRelabelRule(fieldsOf(rule)), JSON.stringify(rule))
        taken++
      }
    }
  }
  t.ok(taken > 500, `${taken} rules`)
})

function fieldsOf(rule: Relabeling): RelabelFields {
  const given = Object.entries(rule).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as RelabelFields
}
