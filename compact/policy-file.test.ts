import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formatMatchers } from '../profile/matcher.ts'
import { parsePolicyFile, readPolicyFile } from './policy-file.ts'

const hourMs = 3_600_000

t.test('parsePolicyFile() reads rules in their order', async (t) => {
  const { retention, thinning } = parsePolicyFile(
    `
retention:
  - match: '{namespace="dev"}'
    age: 3d
  - {match: 'cpu{namespace=~"shop|cart"}', age: 0}
thinning:
  - {keepEvery: 10m, after: 7d}
  - match: heap
    keepEvery: 1h
    after: 30d
`,
    'policy.yaml',
  )
  t.strictSame(
    retention.map(({ match, ageMs }) => [formatMatchers(match), ageMs]),
    [
      ['{namespace="dev"}', 72 * hourMs],
      ['{profile_type="cpu", namespace=~"shop|cart"}', Number.POSITIVE_INFINITY],
    ],
  )
  t.strictSame(
    thinning.map(({ match, keepEveryMs, afterMs }) => [formatMatchers(match), keepEveryMs, afterMs]),
    [
      ['{}', hourMs / 6, 168 * hourMs],
      ['{profile_type="heap"}', hourMs, 720 * hourMs],
    ],
  )
  for (const empty of ['', '{}', 'retention:\nthinning:\n', 'retention: []']) {
    t.strictSame(parsePolicyFile(empty, 'policy.yaml'), { retention: [], thinning: [] }, empty)
  }
})

t.test('parsePolicyFile() says where it is wrong', async (t) => {
  const cases: [string, string][] = [
    ['retention: 3d', '1:12: retention: want a list'],
    ['- 3d', '1:1: want a map'],
    ['retention: [3d]', '1:13: retention[0]: want a map'],
    ['retention:\n  - {match: "{}"}', '2:5: retention[0].age: missing'],
    ['retention:\n  - {age: 3d}', '2:5: retention[0].match: missing'],
    [
      'retention:\n  - {match: "{a=b}", age: 3d}',
      '2:13: retention[0].match: read selector: unexpected b at 3: values need quotes, ="b"',
    ],
    [
      'retention:\n  - match: "{}"\n    age: 3 days',
      '3:10: retention[0].age: duration "3 days": want numbers with units from y to ms, such as 1h30m',
    ],
    [
      'thinning:\n  - {keepEvery: 7m, after: 7d}',
      '2:17: thinning[0].keepEvery: "7m": want a part of 1d, such as 10m or 1h',
    ],
    [
      'thinning:\n  - {keep_every: 10m, keepEvery: 10m, after: 1d}',
      '2:6: thinning[0].keep_every: unknown field, did you mean keepEvery',
    ],
    ['thinning:\n  - {match: [a], keepEvery: 10m, after: 1d}', '2:13: thinning[0].match: want one value'],
    ['retain: []', '1:1: retain: unknown field'],
  ]
  for (const [text, message] of cases) {
    t.throws(
      () => parsePolicyFile(text, 'policy.yaml'),
      { code: 'BAD_CONFIG', message: `policy.yaml:${message}` },
      text,
    )
  }
  t.throws(() => parsePolicyFile('retention: [', 'policy.yaml'), { message: /^policy.yaml:1:/ })
  const both = 'retention:\n  - {match: "{", age: 3d}\n  - {match: "{}", age: x}'
  t.throws(() => parsePolicyFile(both, 'p'), { message: /^p:2:13: .*\np:3:24: [^\n]*$/ })
})

t.test('readPolicyFile() says what it could not read', async (t) => {
  const folder = t.testdir({ 'policy.yaml': 'thinning: [{keepEvery: 10m, after: 7d}]' })
  t.equal((await readPolicyFile(join(folder, 'policy.yaml'))).thinning.length, 1)
  const path = join(folder, 'missing.yaml')
  await t.rejects(readPolicyFile(path), { message: `read policy "${path}": ENOENT` })
})

t.test('the example of docs/configuration.md is one, with a row for each field', async (t) => {
  const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')
  const [, text = ''] = /^```yaml policy\.yaml\n(.*?)^```$/ms.exec(page) ?? []
  const { retention, thinning } = parsePolicyFile(text, 'docs/configuration.md')
  t.match([retention.length, thinning.length], [3, 2])
  for (const field of ['retention[].match', 'retention[].age', 'thinning[].keepEvery', 'thinning[].after']) {
    t.ok(page.includes(`\n| \`${field}\` |`), field)
  }
})
