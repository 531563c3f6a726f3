import t from 'tap'
import { parseUrlState } from './url-state.ts'
import {
  addFilter,
  exactly,
  filterChips,
  filterPresets,
  readableExpression,
  removeFilter,
  splitAlternatives,
} from './view-filters.ts'

const url = (patch: Partial<Record<string, string>>) => ({ ...parseUrlState(''), ...patch })

t.test('exactly() matches a name with all its signs, and reads as the name', (t) => {
  for (const name of [
    'main.(*T[...]).Run',
    'a|b',
    '/lib/x.js:1',
    'operator new(unsigned long)',
    '^$',
    'a\\b',
  ]) {
    t.match(name, new RegExp(exactly(name)))
    t.equal(readableExpression(exactly(name)), name)
    t.same(splitAlternatives(exactly(name)), [exactly(name)], name)
  }
  t.equal(readableExpression('^a.*b$'), '^a.*b$')
  t.end()
})

t.test('splitAlternatives() cuts only on the top level', (t) => {
  t.same(splitAlternatives(''), [])
  t.same(splitAlternatives('a|b(c|d)|[|]e|f\\|g'), ['a', 'b(c|d)', '[|]e', 'f\\|g'])
  t.same(splitAlternatives('|a||'), ['a'])
  t.same(splitAlternatives('a\\'), ['a\\'])
  t.end()
})

t.test('chips come and go one by one', (t) => {
  const one = addFilter(url({}), 'i', '^a$')
  t.same(one, { i: '^a$' })
  t.same(addFilter(url(one), 'i', 'b|c'), { i: '^a$|b|c' })
  t.same(addFilter(url(one), 'i', '^a$'), {}, 'once is enough')
  t.same(addFilter(url({ f: 'a' }), 'f', 'b'), { f: 'b' }, 'focus moves on')
  t.same(filterChips(url({ f: 'x', h: 'a|b' })), [
    { key: 'f', expression: 'x' },
    { key: 'h', expression: 'a' },
    { key: 'h', expression: 'b' },
  ])
  t.same(removeFilter(url({ h: 'a|b|c' }), { key: 'h', expression: 'b' }), { h: 'a|c' })
  t.end()
})

t.test('presets are expressions that mean what they say', (t) => {
  const matching = (name: string) =>
    filterPresets.filter(({ expression }) => new RegExp(expression).test(name)).map(({ title }) => title)
  t.same(matching('runtime.mallocgc'), ['Hide Go’s runtime', 'Hide Go’s standard library'])
  t.same(matching('runtime.gcBgMarkWorker'), [
    'Hide Go’s runtime',
    'Without Go’s garbage collector',
    'Hide Go’s standard library',
  ])
  t.same(matching('net/http.(*Server).Serve'), ['Hide Go’s standard library'])
  t.same(matching('github.com/a/net/http.Serve'), [])
  t.same(matching('main.main'), [])
  t.same(matching('node:internal/timers'), ['Hide Node.js internals'])
  t.same(matching('/app/node_modules/koa/lib/x.js'), ['Hide packages of npm'])
  t.end()
})
