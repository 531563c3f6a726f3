import fc from 'fast-check'
import t from 'tap'
import { createMatcher, type Matcher, matchOps } from '../profile/matcher.ts'
import { parseSelector } from '../profile/selector.ts'
import { formatSelector } from './format-selector.ts'

const facts = ({ name, op, value }: Omit<Matcher, 'matches'>) => ({ name, op, value })

// Half a surrogate pair is no text in UTF-8, so no request can bring one.
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', "'", '`', '\n', '\0', '{', '}', ',', '=', '#', 'é', '😀', 'u'),
  }),
)
const name = fc.oneof(
  fc.constantFrom('job', 'on', 'by', 'bool', 'inf', 'nan', 'offset', 'start', '__name__', 'a.b', 'ünïcode'),
  text.filter((each) => each !== ''),
)

t.test('parseSelector() reads what formatSelector() writes', async (t) => {
  const matcher = fc.oneof(
    fc.record({ name, op: fc.constantFrom('=' as const, '!=' as const), value: text }),
    fc.record({
      name,
      op: fc.constantFrom('=~' as const, '!~' as const),
      value: fc.oneof(
        text.map((each) => each.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')),
        fc.constantFrom('', '.*', 'cart-[0-9]+|"shop"', '(?i)é\\pL', '\\x{1f600}'),
      ),
    }),
  )
  const isReadBack = fc.property(fc.array(matcher, { maxLength: 5 }), (given) => {
    const matchers = given.map((each) => createMatcher(each.name, each.op, each.value))
    const selector = formatSelector(matchers)
    // As it travels.
    const received = new URLSearchParams(new URLSearchParams({ selector }).toString()).get('selector')!
    return JSON.stringify(parseSelector(received).map(facts)) === JSON.stringify(given.map(facts))
  })
  t.doesNotThrow(() => fc.assert(isReadBack, { numRuns: 2000 }))
})

t.test('formatSelector() of usual matchers', async (t) => {
  t.equal(formatSelector([]), '')
  const all = matchOps.map((op) => createMatcher('job', op, 'a"b'))
  t.equal(formatSelector(all), '{"job"="a\\"b","job"!="a\\"b","job"=~"a\\"b","job"!~"a\\"b"}')
})
