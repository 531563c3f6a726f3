import t from 'tap'
import { createRelabel } from './relabel.ts'
import { createRelabelRule, type RelabelFields } from './relabel-rule.ts'

const input = { a: 'foo', b: 'bar', c: 'baz' }

// What Prometheus makes of the same rules.
const cases: {
  readonly name: string
  readonly input?: Readonly<Record<string, string>>
  readonly rules: readonly RelabelFields[]
  /** Absent: dropped. */
  readonly want?: Readonly<Record<string, string>>
}[] = [
  {
    name: 'replace takes groups by number',
    rules: [
      { sourceLabels: ['a'], targetLabel: 'd', regex: 'f(.*)', separator: ';', replacement: 'ch${1}-ch${1}' },
    ],
    want: { ...input, d: 'choo-choo' },
  },
  {
    name: 'replace by default copies',
    rules: [{ sourceLabels: ['a'], targetLabel: 'd' }],
    want: { ...input, d: 'foo' },
  },
  {
    name: 'sources are joined by the separator',
    rules: [
      {
        sourceLabels: ['a', 'b', 'none'],
        separator: '-',
        targetLabel: 'd',
        regex: '(.*)-(.*)-',
        replacement: '$2$1',
      },
    ],
    want: { ...input, d: 'barfoo' },
  },
  {
    name: 'a regex is anchored at both ends',
    rules: [
      { sourceLabels: ['a'], targetLabel: 'd', regex: 'o', replacement: 'x' },
      { sourceLabels: ['a'], targetLabel: 'd', regex: 'f|foo', replacement: 'y' },
    ],
    want: { ...input, d: 'y' },
  },
  {
    name: 'a dot matches a line break',
    input: { a: 'one\ntwo' },
    rules: [{ sourceLabels: ['a'], targetLabel: 'a', regex: 'one(.*)two', replacement: 'x' }],
    want: { a: 'x' },
  },
  {
    name: 'no match leaves the target label as it was',
    rules: [{ sourceLabels: ['a'], targetLabel: 'b', regex: 'nope', replacement: 'x' }],
    want: input,
  },
  {
    name: 'an empty replacement deletes',
    rules: [{ sourceLabels: ['a'], targetLabel: 'b', replacement: '' }],
    want: { a: 'foo', c: 'baz' },
  },
  {
    name: 'without sources a constant is set',
    rules: [{ targetLabel: 'env', replacement: 'prod' }],
    want: { ...input, env: 'prod' },
  },
  {
    name: '$1x is the group named 1x, ${1}x is not',
    rules: [
      { sourceLabels: ['a'], targetLabel: 'd', replacement: '<$1x>' },
      { sourceLabels: ['a'], targetLabel: 'e', replacement: '<${1}x>' },
    ],
    want: { ...input, d: '<>', e: '<foox>' },
  },
  {
    name: 'groups by name, $$, and what is no reference',
    rules: [
      {
        sourceLabels: ['a'],
        targetLabel: 'd',
        regex: '(?P<first>.)(?<rest>.*)',
        replacement: '${rest}$first $$1 $ ${ $9 ${none}$01',
      },
    ],
    want: { ...input, d: 'oof $1 $ ${  ' },
  },
  {
    name: 'a group that took no part is empty',
    rules: [{ sourceLabels: ['a'], targetLabel: 'd', regex: '(x)?foo', replacement: '[$1]' }],
    want: { ...input, d: '[]' },
  },
  {
    name: 'the target label may be a template',
    rules: [{ sourceLabels: ['a'], targetLabel: '${1}_total', replacement: 'yes' }],
    want: { ...input, foo_total: 'yes' },
  },
  {
    name: 'a template that makes no label name does nothing',
    input: { a: '1-2' },
    rules: [{ sourceLabels: ['a'], targetLabel: '$1', replacement: 'yes' }],
    want: { a: '1-2' },
  },
  { name: 'keep keeps', rules: [{ action: 'keep', sourceLabels: ['a'], regex: 'f.*' }], want: input },
  { name: 'keep drops the rest', rules: [{ action: 'keep', sourceLabels: ['a'], regex: 'f' }] },
  { name: 'drop drops', rules: [{ action: 'drop', sourceLabels: ['a'], regex: '.*o.*' }] },
  {
    name: 'drop keeps the rest',
    rules: [{ action: 'drop', sourceLabels: ['a'], regex: 'o' }],
    want: input,
  },
  {
    name: 'drop of an absent label matches the empty text',
    rules: [{ action: 'drop', sourceLabels: ['none'], regex: '' }],
  },
  {
    name: 'rules after a drop do not run',
    rules: [
      { action: 'drop', sourceLabels: ['a'], regex: 'foo' },
      { targetLabel: 'd', replacement: 'x' },
    ],
  },
  {
    name: 'keepequal',
    input: { a: 'x', b: 'x' },
    rules: [{ action: 'keepequal', sourceLabels: ['a'], targetLabel: 'b' }],
    want: { a: 'x', b: 'x' },
  },
  {
    name: 'keepequal drops what differs',
    rules: [{ action: 'keepequal', sourceLabels: ['a'], targetLabel: 'b' }],
  },
  {
    name: 'dropequal',
    input: { a: 'x', b: 'x' },
    rules: [{ action: 'dropequal', sourceLabels: ['a'], targetLabel: 'b' }],
  },
  {
    name: 'dropequal keeps what differs',
    rules: [{ action: 'dropequal', sourceLabels: ['a'], targetLabel: 'b' }],
    want: input,
  },
  {
    // A value that Prometheus gives too: two programs that shard by it must agree.
    name: 'hashmod',
    rules: [{ action: 'hashmod', sourceLabels: ['c'], targetLabel: 'd', separator: ';', modulus: 1000 }],
    want: { ...input, d: '976' },
  },
  {
    name: 'hashmod of a text with a line break',
    input: { a: 'foo\nbar' },
    rules: [{ action: 'hashmod', sourceLabels: ['a'], targetLabel: 'b', separator: ';', modulus: 1000 }],
    want: { a: 'foo\nbar', b: '734' },
  },
  {
    name: 'labelmap',
    input: { a: 'foo', b1: 'bar', b2: 'baz' },
    rules: [{ action: 'labelmap', regex: '(b.*)' }],
    want: { a: 'foo', b1: 'bar', b2: 'baz' },
  },
  {
    name: 'labelmap with a replacement',
    input: { a: 'foo', __meta_my_bar: 'aaa', __meta_my_baz: 'bbb', __meta_other: 'ccc' },
    rules: [{ action: 'labelmap', regex: '__meta_(my.*)', replacement: '${1}' }],
    want: {
      a: 'foo',
      __meta_my_bar: 'aaa',
      __meta_my_baz: 'bbb',
      __meta_other: 'ccc',
      my_bar: 'aaa',
      my_baz: 'bbb',
    },
  },
  { name: 'labeldrop', rules: [{ action: 'labeldrop', regex: '[ab]' }], want: { c: 'baz' } },
  { name: 'labelkeep', rules: [{ action: 'labelkeep', regex: '[ab]' }], want: { a: 'foo', b: 'bar' } },
  {
    name: 'lowercase and uppercase',
    input: { a: 'FoO bAr' },
    rules: [
      { action: 'lowercase', sourceLabels: ['a'], targetLabel: 'low' },
      { action: 'uppercase', sourceLabels: ['a'], targetLabel: 'up' },
    ],
    want: { a: 'FoO bAr', low: 'foo bar', up: 'FOO BAR' },
  },
  {
    name: 'rules see what rules before them made',
    rules: [
      { sourceLabels: ['a'], targetLabel: 'd', regex: 'f(.*)', replacement: '$1' },
      { action: 'keep', sourceLabels: ['d'], regex: 'oo' },
      { action: 'labeldrop', regex: 'd' },
    ],
    want: input,
  },
]

t.test('relabel() does what Prometheus does', async (t) => {
  for (const { name, input: labels = input, rules, want } of cases) {
    const before = JSON.stringify(labels)
    t.strictSame(createRelabel(rules.map(createRelabelRule))(labels), want, name)
    t.equal(JSON.stringify(labels), before, `${name}: its input stays as it was`)
  }
})

t.test('createRelabelRule() refuses what Prometheus refuses', async (t) => {
  const bad: [RelabelFields, RegExp][] = [
    [{ sourceLabels: ['a'] }, /^replace needs a target_label$/],
    [{ action: 'hashmod', sourceLabels: ['a'], targetLabel: 'd' }, /^hashmod needs a modulus above 0$/],
    [{ action: 'hashmod', sourceLabels: ['a'], modulus: 8 }, /^hashmod needs a target_label$/],
    [{ action: 'lowercase', sourceLabels: ['a'], targetLabel: '$1' }, /^"\$1" is no label name/],
    [{ targetLabel: 'a-b' }, /^"a-b" is no label name or template/],
    [{ targetLabel: '0x' }, /^"0x" is no label name or template/],
    [{ action: 'labelmap', replacement: '-' }, /^"-" is no label name or template for replacement$/],
    [{ action: 'labeldrop', regex: 'a', targetLabel: 'b' }, /^labeldrop takes regex, not target_label$/],
    [
      { action: 'keepequal', sourceLabels: ['a'], targetLabel: 'b', regex: 'x' },
      /^keepequal takes source_labels and target_label, not regex$/,
    ],
    [{ targetLabel: 'a', regex: '(' }, /^regular expression "\(": /],
    [{ targetLabel: 'a', regex: '(?=x)' }, /^regular expression "\(\?=x\)": /],
  ]
  for (const [fields, message] of bad) {
    t.throws(() => createRelabelRule(fields), { name: 'SyntaxError', message }, JSON.stringify(fields))
  }
})

t.test('relabel() takes linear time on what would hang a backtracking matcher', async (t) => {
  const relabel = createRelabel([createRelabelRule({ action: 'drop', sourceLabels: ['a'], regex: '(a*)*b' })])
  t.ok(relabel({ a: 'a'.repeat(5000) }))
})
