import t from 'tap'
import { chosenValue, othersAt, readMatchers, spotAt, withMatcher } from './selector-edit.ts'
import { selectorOf } from './selector-format.ts'

t.test('readMatchers() reads what Prometheus reads', (t) => {
  const read = (text: string) => readMatchers(text)?.map(({ label, op, value }) => `${label}${op}${value}`)
  t.same(read(''), [])
  t.same(read('{}'), [])
  t.same(read('{job="a", pod=~"b|c"}'), ['job=a', 'pod=~b|c'])
  t.same(read('heap{job!="a"}'), ['profile_type=heap', 'job!=a'])
  t.same(read('{"app.kubernetes.io/name"="x", path=`C:\\d`}'), ['app.kubernetes.io/name=x', 'path=C:\\d'])
  t.same(read('{job="a\\"b\\n\\u00e9"}'), ['job=a"b\né'])
  for (const bad of ['{job=a}', '{job="a"', 'rate(x[5m])', '1 + 1', '{a="b"} + 1'])
    t.equal(read(bad), undefined, bad)
  t.end()
})

t.test('withMatcher() changes one label and leaves the rest', (t) => {
  t.equal(withMatcher('', 'job', 'a'), '{job="a"}')
  t.equal(withMatcher('{job=~"x.*", pod="p"}', 'job', 'a'), '{job="a", pod="p"}')
  t.equal(withMatcher('{job="a", pod="p"}', 'job', undefined), '{pod="p"}')
  t.equal(withMatcher('heap{job="a"}', 'profile_type', 'cpu'), '{profile_type="cpu", job="a"}')
  t.equal(withMatcher('{broken', 'job', 'a'), '{job="a"}')
  t.equal(withMatcher('{}', 'job', 'say "hi"\\'), '{job="say \\"hi\\"\\\\"}')
  t.equal(chosenValue('{job="a"}', 'job'), 'a')
  t.equal(chosenValue('{job=~"a"}', 'job'), undefined)
  t.equal(selectorOf({ a: 'b', 'c.d': 'e' }), '{a="b", "c.d"="e"}')
  t.end()
})

t.test('spotAt() knows what is being typed; | is the cursor', (t) => {
  const spot = (text: string) => {
    const at = text.indexOf('|')
    return spotAt(text.replace('|', ''), at)
  }
  t.match(spot('{|}'), { kind: 'name', from: 1, to: 1 })
  t.match(spot('{jo|b}'), { kind: 'name', from: 1, to: 4 })
  t.match(spot('{job="a", p|'), { kind: 'name', from: 10 })
  t.match(spot('{job="|"}'), { kind: 'value', label: 'job', from: 6, to: 6, quoted: true })
  t.match(spot('{job="ab|c", x="y"}'), { kind: 'value', label: 'job', from: 6, to: 9 })
  t.match(spot('{job="a", pod=~"b|"}'), { kind: 'value', label: 'pod', from: 16 })
  t.match(spot('{job=|}'), { kind: 'value', label: 'job', quoted: false })
  t.match(spot('{job="a"|}'), { kind: 'none' })
  t.match(spot('{job="a"}|'), { kind: 'none' })
  t.match(spot('|'), { kind: 'none' })
  t.end()
})

t.test('othersAt() is the selector without what is being typed', (t) => {
  const others = (text: string) => othersAt(text.replace('|', ''), text.indexOf('|'))
  t.equal(others('{job="a", pod="|"}'), '{job="a"}')
  t.equal(others('{job="|", pod="b"}'), '{pod="b"}')
  t.equal(others('{job="a", po|}'), '{job="a"}')
  t.equal(others('{a="1", b="|2", c="3"}'), '{a="1", c="3"}')
  t.equal(others('{|'), '{}')
  t.equal(others('{job="|'), '{}')
  t.equal(others('{job=a, pod="|"}'), '{}', 'the rest cannot be read')
  t.end()
})
