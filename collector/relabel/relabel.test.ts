// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the templates of relabelling look like JavaScript's
import { createHash } from 'node:crypto'
import t from 'tap'
import { createRelabel } from './relabel.ts'
import { createRelabelRule, type RelabelFields } from './relabel-rule.ts'

interface Case {
  readonly name: string
  readonly rules: readonly RelabelFields[]
  readonly labels?: Readonly<Record<string, string>>
  /** Absent: the target is dropped. */
  readonly want?: Readonly<Record<string, string>>
}

const abc = { a: 'foo', b: 'bar', c: 'baz' }

const cases: readonly Case[] = [
  { name: 'no rules change nothing', rules: [], want: abc },
  {
    name: 'replace joins the sources and expands groups',
    rules: [{ sourceLabels: ['a', 'b'], regex: '(f.*);(.*)r', targetLabel: 'd', replacement: '$2-${1}x' }],
    want: { ...abc, d: 'ba-foox' },
  },
  {
    name: 'replace takes another separator, and a missing label as empty',
    rules: [{ sourceLabels: ['a', 'none', 'b'], separator: '||', targetLabel: 'd' }],
    want: { ...abc, d: 'foo||||bar' },
  },
  {
    name: 'replace leaves alone what does not match as a whole',
    rules: [{ sourceLabels: ['a'], regex: 'f', targetLabel: 'd', replacement: 'x' }],
    want: abc,
  },
  {
    name: 'replace is anchored around an alternation',
    rules: [
      { sourceLabels: ['a'], regex: 'f|foo', targetLabel: 'd', replacement: 'yes' },
      { sourceLabels: ['a'], regex: 'f|o', targetLabel: 'e', replacement: 'no' },
    ],
    want: { ...abc, d: 'yes' },
  },
  {
    name: 'replace without sources sets a constant',
    rules: [{ targetLabel: 'd', replacement: 'x' }],
    want: { ...abc, d: 'x' },
  },
  {
    name: 'replace with nothing removes the label',
    rules: [{ sourceLabels: ['a'], regex: 'foo', targetLabel: 'a', replacement: '' }],
    want: { b: 'bar', c: 'baz' },
  },
  {
    name: 'replace names its target by a group',
    rules: [
      { sourceLabels: ['a'], regex: '(.*)', targetLabel: '${1}_x', replacement: 'y' },
      { sourceLabels: ['a'], regex: '(.)(.*)', targetLabel: '$3', replacement: 'no such name' },
    ],
    want: { ...abc, foo_x: 'y' },
  },
  {
    name: 'templates are those of Go',
    rules: [
      {
        sourceLabels: ['a'],
        regex: '(?P<first>.)(.*)',
        targetLabel: 'd',
        replacement: '$first|${first}s|$1x|$$|$|${2}|$9|$01|$constructor|${',
      },
    ],
    want: { ...abc, d: 'f|fs||$|$|oo||||${' },
  },
  {
    name: 'a dot matches a newline, as in Prometheus',
    labels: { a: 'x\ny' },
    rules: [{ sourceLabels: ['a'], regex: 'x.y', targetLabel: 'd', replacement: 'yes' }],
    want: { a: 'x\ny', d: 'yes' },
  },
  {
    name: 'flags and classes are those of RE2',
    rules: [{ sourceLabels: ['a'], regex: '(?i)F[[:alpha:]]+', targetLabel: 'd', replacement: 'yes' }],
    want: { ...abc, d: 'yes' },
  },
  { name: 'keep keeps', rules: [{ action: 'keep', sourceLabels: ['a'], regex: 'fo+' }], want: abc },
  { name: 'keep drops', rules: [{ action: 'keep', sourceLabels: ['a'], regex: 'fo' }] },
  { name: 'drop keeps', rules: [{ action: 'drop', sourceLabels: ['a'], regex: 'fo' }], want: abc },
  { name: 'drop drops', rules: [{ action: 'drop', sourceLabels: ['a'], regex: 'fo+' }] },
  {
    name: 'what is dropped meets no later rule',
    rules: [
      { action: 'drop', sourceLabels: ['a'], regex: 'foo' },
      { targetLabel: 'd', replacement: 'x' },
    ],
  },
  {
    name: 'keepequal keeps',
    labels: { a: 'x', b: 'x' },
    rules: [{ action: 'keepequal', sourceLabels: ['a'], targetLabel: 'b' }],
    want: { a: 'x', b: 'x' },
  },
  { name: 'keepequal drops', rules: [{ action: 'keepequal', sourceLabels: ['a'], targetLabel: 'b' }] },
  {
    name: 'dropequal keeps',
    rules: [{ action: 'dropequal', sourceLabels: ['a'], targetLabel: 'b' }],
    want: abc,
  },
  {
    name: 'dropequal drops, also where both are absent',
    rules: [{ action: 'dropequal', sourceLabels: ['x'], targetLabel: 'y' }],
  },
  {
    name: 'hashmod is what Prometheus computes',
    rules: [{ action: 'hashmod', sourceLabels: ['c'], targetLabel: 'd', modulus: 1000 }],
    // From Prometheus's own tests of relabelling.
    want: { ...abc, d: '976' },
  },
  {
    name: 'hashmod of joined labels',
    labels: { a: 'foo\nbar' },
    rules: [{ action: 'hashmod', sourceLabels: ['a'], targetLabel: 'b', modulus: 1000 }],
    want: { a: 'foo\nbar', b: '734' },
  },
  {
    name: 'labelmap copies names by a template',
    labels: { __meta_label_app: 'x', __meta_label_tier: 'y', other: 'z' },
    rules: [{ action: 'labelmap', regex: '__meta_label_(.+)', replacement: 'k_$1' }],
    want: { __meta_label_app: 'x', __meta_label_tier: 'y', other: 'z', k_app: 'x', k_tier: 'y' },
  },
  {
    name: 'labelmap to one name takes the last by name',
    labels: { x2: 'two', x1: 'one' },
    rules: [{ action: 'labelmap', regex: 'x.', replacement: 'y' }],
    want: { x1: 'one', x2: 'two', y: 'two' },
  },
  { name: 'labeldrop', rules: [{ action: 'labeldrop', regex: 'a|c' }], want: { b: 'bar' } },
  { name: 'labelkeep', rules: [{ action: 'labelkeep', regex: 'a|c' }], want: { a: 'foo', c: 'baz' } },
  {
    name: 'lowercase and uppercase',
    labels: { a: 'FooBarß' },
    rules: [
      { action: 'lowercase', sourceLabels: ['a'], targetLabel: 'lower' },
      { action: 'uppercase', sourceLabels: ['a'], targetLabel: 'upper' },
    ],
    want: { a: 'FooBarß', lower: 'foobarß', upper: 'FOOBARß' },
  },
]

for (const { name, rules, labels = abc, want } of cases) {
  t.test(`createRelabel() ${name}`, (t) => {
    const before = JSON.stringify(labels)
    t.strictSame(createRelabel(rules.map(createRelabelRule))(labels), want)
    t.equal(JSON.stringify(labels), before, 'its input stays')
    t.end()
  })
}

t.test('createRelabel() hashes all 64 bits', (t) => {
  const relabel = createRelabel([
    createRelabelRule({ action: 'hashmod', sourceLabels: ['a'], targetLabel: 'd', modulus: 2 ** 40 }),
  ])
  const hex = createHash('md5').update('x').digest('hex').slice(16)
  t.equal(relabel({ a: 'x' })?.['d'], String(BigInt(`0x${hex}`) % 2n ** 40n))
  t.end()
})

t.test('createRelabel() takes linear time for a pattern that would hang JavaScript', (t) => {
  const relabel = createRelabel([createRelabelRule({ action: 'keep', sourceLabels: ['a'], regex: '(a+)+b' })])
  t.equal(relabel({ a: 'a'.repeat(50_000) }), undefined)
  t.end()
})

t.test('createRelabelRule() takes linear time for a template that is none', (t) => {
  for (const fields of [
    { targetLabel: `${'$aaaaaaaaa'.repeat(12)}!` },
    { action: 'labelmap', replacement: `${'$aaaaaaaaa'.repeat(100)}!` },
  ] as const) {
    t.throws(() => createRelabelRule(fields), /is no label name or template/)
  }
  for (const targetLabel of ['$1', 'a$name', '${a}_$1', '$1x', '_']) t.ok(createRelabelRule({ targetLabel }))
  for (const targetLabel of ['$', 'a${', '${}', '1', '$$a', '$a}']) {
    t.throws(() => createRelabelRule({ targetLabel }), targetLabel)
  }
  t.end()
})

t.test('createRelabelRule() refuses what Prometheus refuses', (t) => {
  const bad: readonly (readonly [RelabelFields, string])[] = [
    [{}, 'replace needs a target_label'],
    [{ action: 'lowercase' }, 'lowercase needs a target_label'],
    [{ action: 'hashmod', targetLabel: 'a' }, 'hashmod needs a modulus above 0'],
    [{ targetLabel: 'a-b' }, '"a-b" is no label name or template for target_label'],
    [{ action: 'uppercase', targetLabel: '$1' }, '"$1" is no label name for target_label'],
    [{ action: 'labelmap', replacement: 'a-$1' }, '"a-$1" is no label name or template for replacement'],
    [{ action: 'labelkeep', regex: 'a', replacement: 'b' }, 'labelkeep takes regex, not replacement'],
    [
      { action: 'keepequal', targetLabel: 'a', regex: 'b' },
      'keepequal takes source_labels and target_label, not regex',
    ],
    [{ action: 'keep', regex: '(?=a)' }, 'regular expression "(?=a)": invalid or unsupported Perl syntax'],
    [{ action: 'keep', regex: '\\1' }, 'regular expression "\\\\1": invalid escape sequence'],
  ]
  for (const [fields, message] of bad) t.throws(() => createRelabelRule(fields), new SyntaxError(message))
  t.end()
})
