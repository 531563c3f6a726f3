import t from 'tap'
import { changeText } from './change-text.ts'
import { scaleOf } from './compare-scale.ts'
import { readRows } from './table-rows.ts'

const coverage = { profiles: 1, series: 1, rangeSeconds: 60, time: 0 }
const head = {
  ...{ ...coverage, type: 'cpu', unit: 'nanoseconds', sum: '3000000000', coveredSeconds: 10 },
  base: { ...coverage, sum: '4000000000', coveredSeconds: 20 },
}
const row = (name: string, baseFlat: number, flat: number) => ({
  ...{ name, file: '', flat: String(flat * 1e6), cum: String(flat * 1e6) },
  ...{ baseFlat: String(baseFlat * 1e6), baseCum: String(baseFlat * 1e6) },
})
const functions = [row('main.same', 800, 400), row('main.more', 1000, 1500), row('main.new', 0, 1100)]
const a = { what: '{job="api"}', startMs: 0, endMs: 60_000 }

t.test('changeText() says what changed most, per second', (t) => {
  const rows = readRows(functions, scaleOf(head, 'sec'))
  const b = { what: '{job="api", pod="1"}', startMs: 90_000, endMs: 90_000 }
  const options = { link: 'http://x/compare?a', pprofUrl: 'http://x/api/v1/profile?id=1' }
  t.equal(
    changeText({ a, b, head, norm: 'sec', rows, ...options }),
    `cpu, per second: B against A
A  {job="api"} from 1970-01-01T00:00:00.000Z to 1970-01-01T00:01:00.000Z
B  {job="api", pod="1"} at 1970-01-01T00:01:30.000Z
total 200 ms/s in A, 300 ms/s in B: +50 %

      A         B     change       %  function, its own
  0 s/s  110 ms/s  +110 ms/s     new  main.new
50 ms/s  150 ms/s  +100 ms/s  +200 %  main.more

http://x/compare?a
go tool pprof -http=: 'http://x/api/v1/profile?id=1'
`,
  )
  t.end()
})

t.test('changeText() of files has no link, and shares are of each side', (t) => {
  const rows = readRows(functions, scaleOf(head, 'share'))
  const text = changeText({ a: { what: 'a.pb.gz' }, b: { what: 'b.pb.gz' }, head, norm: 'share', rows })
  t.match(text, /^cpu, relative: B against A\nA {2}a.pb.gz\nB {2}b.pb.gz\ntotal 4 s in A, 3 s in B: −25 %\n/)
  t.match(text, / 0 % {2}36.7 % {2}\+36.7 % +new {2}main.new\n/)
  t.notMatch(text, 'http')
  const none = readRows([row('main.same', 1, 1)], scaleOf(head, 'abs'))
  t.match(changeText({ a, b: a, head, norm: 'abs', rows: none }), /\n\nno function changed\n$/)
  t.end()
})
