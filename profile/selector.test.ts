import fc from 'fast-check'
import t from 'tap'
import { formatMatchers, matchesLabels } from './matcher.ts'
import { parseSelector, SelectorError } from './selector.ts'

t.test('parseSelector() reads what Prometheus reads', async (t) => {
  const cases: [string, string][] = [
    ['', '{}'],
    ['  ', '{}'],
    ['{}', '{}'],
    ['{namespace="shop",app=~"cart|api"}', '{namespace="shop", app=~"cart|api"}'],
    ["{a!='b', c!~`d\\.e`,}", '{a!="b", c!~"d\\\\.e"}'],
    ['heap', '{profile_type="heap"}'],
    ['heap{job="api"}', '{profile_type="heap", job="api"}'],
    ['{"heap", job="api"}', '{profile_type="heap", job="api"}'],
    ['{"foo.bar"="x"}', '{foo.bar="x"}'],
    ['# of the shop\n{a="b"}', '{a="b"}'],
    ['{a="\\x41\\101\\u00e9\\xc3\\xa9\\n\\""}', '{a="AAéé\\n\\""}'],
  ]
  for (const [text, want] of cases) t.equal(formatMatchers(parseSelector(text)), want, text)
})

t.test('parseSelector() refuses the rest, and says where', async (t) => {
  const cases: [string, string, number][] = [
    ['{namespace=shop}', 'read selector: unexpected shop at 11: values need quotes, ="shop"', 11],
    ['{a="b"', 'read selector: unexpected end at 6', 6],
    [
      'rate(heap[5m])',
      'read selector: only a label selector such as {job="api"} is understood, not a function call "rate(heap[5m])" at 0',
      0,
    ],
    [
      'heap + cpu',
      'read selector: only a label selector such as {job="api"} is understood, not an operation "heap + cpu" at 0',
      0,
    ],
    [
      'heap[5m]',
      'read selector: only a label selector such as {job="api"} is understood, not a range in brackets "heap[5m]" at 0',
      0,
    ],
    [
      'heap offset 5m',
      'read selector: only a label selector such as {job="api"} is understood, not another time "heap offset 5m" at 0',
      0,
    ],
    ['{a="\\q"}', 'read selector: string "\\q": unknown escape \\q at 3', 3],
    ['{a="\\xff"}', 'read selector: string "\\xff": its byte escapes are no UTF-8 at 3', 3],
    ['heap{"cpu"}', 'read selector: a second profile type "cpu"', 5],
  ]
  for (const [text, message, from] of cases) {
    t.throws(() => parseSelector(text), { code: 'BAD_SELECTOR', message, from }, text)
  }
  t.throws(() => parseSelector('{a=~"("}'), { code: 'BAD_SELECTOR', message: /regular expression/, from: 4 })
})

t.test('parseSelector() gives back every value that is quoted', async () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/)
  const value = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
      const text = `{${pairs.map(([n, v]) => `${n}=${goQuote(v)}`).join(',')}}`
      const matchers = parseSelector(text)
      for (const [index, [n, v]] of pairs.entries()) {
        if (matchers[index]?.name !== n || matchers[index]?.value !== v) throw new Error(text)
        if (!matchesLabels([matchers[index]], { [n]: v })) throw new Error(text)
      }
    }),
  )
})

t.test('parseSelector() throws nothing but SelectorError', async () => {
  const soup = fc.array(
    fc.constantFrom('{', '}', '"', "'", '`', 'a', '=', '~', '!', ',', '\\', 'x', '(', '9', ' '),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        soup.map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          parseSelector(text)
        } catch (error) {
          if (!(error instanceof SelectorError)) throw error
          if (error.from < 0 || error.to > text.length) throw error
        }
      },
    ),
    { numRuns: 5000 },
  )
})

/** As Go's strconv.Quote would, with every kind of escape. */
function goQuote(value: string): string {
  let quoted = ''
  for (const character of value) {
    const code = character.codePointAt(0)!
    if (character === '"' || character === '\\') quoted += `\\${character}`
    else if (code < 0x20) quoted += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code > 0xffff) quoted += `\\U${code.toString(16).padStart(8, '0')}`
    else if (code > 0x7f && code % 2 === 0) quoted += `\\u${code.toString(16).padStart(4, '0')}`
    else quoted += character
  }
  return `"${quoted}"`
}
