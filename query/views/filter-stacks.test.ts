import fc from 'fast-check'
import t from 'tap'
import { inOneDictionary } from '../testdata/in-one-dictionary.ts'
import { mergedFromText } from '../testdata/merged-from-text.ts'
import { collapsed } from './collapsed.ts'
import { dot } from './dot.ts'
import { peek } from './peek.ts'
import { top } from './top.ts'
import { checkViewOptions, type ViewOptions } from './view-options.ts'

const drawn = `
  main;serve;read 5
  main;serve+decode;read 2
  main;serve 1
  main;@lib.so;read 10
  gc 30
`

const cases: readonly (readonly [name: string, options: ViewOptions, want: string])[] = [
  ['focus keeps whole stacks', { focus: 'decode' }, 'main;serve;decode;read 2'],
  ['focus by file', { focus: '^gc\\.go$' }, 'gc 30'],
  ['focus by what is mapped', { focus: 'lib/lib' }, 'main;[lib.so];read 10'],
  ['ignore', { ignore: 'read|gc' }, 'main;serve 1'],
  ['ignore goes before focus', { focus: 'serve', ignore: 'read' }, 'main;serve 1'],
  [
    'hide takes frames out, and stacks of nothing else',
    { hide: 'serve|gc' },
    'main;[lib.so];read 10, main;decode;read 2, main;read 5, main 1',
  ],
  ['hide by what is mapped', { hide: 'lib', focus: 'lib' }, 'main;read 10'],
  ['show keeps lines, so nothing of a location without any', { show: 'serve|lib' }, 'serve 8'],
  [
    'focus sees what hide takes out',
    { focus: 'gc|serve', hide: 'serve' },
    'gc 30, main 1, main;decode;read 2, main;read 5',
  ],
  ['show_from begins there', { showFrom: 'serve|decode' }, 'serve 1, serve;decode;read 2, serve;read 5'],
  ['prune_from ends there', { pruneFrom: 'serve' }, 'gc 30, main;[lib.so];read 10, main;serve 8'],
  ['inlined frames belong to their caller', { noInlines: true, focus: 'decode' }, 'main;serve;read 2'],
  ['nothing matches', { focus: 'nobody' }, ''],
]

for (const [name, options, want] of cases) {
  t.test(name, async (t) => {
    const found = collapsed(mergedFromText(drawn), 0, options).trim().split('\n').sort()
    const wanted = want.split(', ').sort()
    t.strictSame(found, wanted)
  })
}

const stacks = fc
  .array(
    fc.tuple(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'a+b', 'b+c+a', '@0x10', '@lib.so'), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.bigInt(1n, 2n ** 60n),
    ),
    { maxLength: 30 },
  )
  .map((all) => mergedFromText(all.map(([frames, value]) => `${frames.join(';')} ${value}`).join('\n')))
const pattern = fc.constantFrom('a', 'b|c', '^d$', '\\.go$', 'lib', 'x', '.')

t.test('no filter changes what percentages are of', async () => {
  const options = fc.record(
    { focus: pattern, ignore: pattern, hide: pattern, show: pattern, showFrom: pattern, pruneFrom: pattern },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(stacks, options, (merged, given) => {
      const whole = top(merged, 0)
      const part = top(merged, 0, given)
      if (part.total !== whole.total) throw new Error(`${part.total} of ${whole.total}`)
      if (BigInt(part.sum) > BigInt(whole.sum)) throw new Error(`${part.sum} is more than ${whole.sum}`)
      const flat = part.functions.reduce((sum, each) => sum + BigInt(each.flat), 0n)
      if (flat !== BigInt(part.sum)) throw new Error(`flat comes to ${flat}, want ${part.sum}`)
    }),
  )
})

t.test('focus and ignore of one pattern share out what there is', async () => {
  fc.assert(
    fc.property(stacks, pattern, (merged, each) => {
      const [all, with_, without] = [{}, { focus: each }, { ignore: each }].map((options) =>
        BigInt(top(merged, 0, options).sum),
      )
      if (with_! + without! !== all) throw new Error(`${with_} and ${without}, want ${all}`)
    }),
  )
})

t.test('granularity, inlining and where stacks end change no sum', async () => {
  const options = fc.constantFrom<ViewOptions>(
    { granularity: 'files' },
    { granularity: 'lines' },
    { granularity: 'addresses' },
    { granularity: 'packages' },
    { granularity: 'mappings' },
    { noInlines: true },
    { pruneFrom: 'a|c' },
  )
  fc.assert(
    fc.property(stacks, options, (merged, given) => {
      const whole = top(merged, 0)
      const other = top(merged, 0, given)
      const flat = other.functions.reduce((sum, each) => sum + BigInt(each.flat), 0n)
      if (other.sum !== whole.sum || flat !== BigInt(whole.sum)) throw new Error(`${other.sum}, ${flat}`)
    }),
  )
})

t.test('what is compared with itself differs nowhere, whatever is filtered', async () => {
  fc.assert(
    fc.property(stacks, pattern, fc.boolean(), (merged, hide, normalize) => {
      const options = { base: merged, hide, normalize }
      const rows = top(merged, 0, options).functions
      if (rows.some(({ flat, cum, baseFlat, baseCum }) => flat !== baseFlat || cum !== baseCum))
        throw new Error(JSON.stringify(rows))
      if (peek(merged, 0, { ...options, peek: '.' }).nodes.length > 0) throw new Error('a node differs')
      if (/^N\d+ \[/m.test(dot(merged, 0, options))) throw new Error('a graph of no difference has nodes')
    }),
  )
})

t.test('of two sides each is filtered as it is alone', async () => {
  fc.assert(
    fc.property(stacks, stacks, pattern, pattern, (one, two, focus, hide) => {
      const [merged, base] = inOneDictionary(one, two)
      const both = top(merged!, 0, { base, focus, hide }).functions
      for (const [side, flat, cum] of [
        [one, 'flat', 'cum'],
        [two, 'baseFlat', 'baseCum'],
      ] as const) {
        const alone = top(side, 0, { focus, hide }).functions.map(
          (row) => `${row.name} ${row.flat} ${row.cum}`,
        )
        const here = both
          .filter((row) => row[cum] !== '0')
          .map((row) => `${row.name} ${row[flat]} ${row[cum]}`)
        if (alone.sort().join() !== here.sort().join()) throw new Error(`${here}, want ${alone}`)
      }
    }),
  )
})

t.test('options that cannot be read name their parameter', async (t) => {
  const bad: readonly (readonly [ViewOptions, string])[] = [
    [{ focus: '(' }, 'focus'],
    [{ ignore: '[' }, 'ignore'],
    [{ hide: '*' }, 'hide'],
    [{ show: 'a(?=b)' }, 'show'],
    [{ showFrom: '\\' }, 'show_from'],
    [{ pruneFrom: '(' }, 'prune_from'],
    [{ tagFocus: 'k=(' }, 'tagfocus'],
    [{ tagIgnore: '(' }, 'tagignore'],
    [{ tagShow: '(' }, 'tagshow'],
    [{ tagHide: '(' }, 'taghide'],
    [{ peek: '(' }, 'peek'],
    [{ list: '(' }, 'list'],
    [{ path: 'abc' }, 'path'],
  ]
  for (const [options, parameter] of bad)
    t.throws(() => checkViewOptions(options), { code: 'BAD_VIEW_OPTION', parameter })
  t.doesNotThrow(() => checkViewOptions({ focus: '', tagFocus: '1kb:2kb', path: '0123456789abcdef' }))
})
