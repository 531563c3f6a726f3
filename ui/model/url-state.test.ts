import t from 'tap'
import { closeSelection, parseUrlState, patchSearch } from './url-state.ts'

t.test('parseUrlState() fills in defaults and tells an empty selector from none', (t) => {
  const empty = parseUrlState('')
  t.equal(empty.q, undefined)
  t.equal(empty.from, 'now-15m')
  t.equal(empty.view, 'both')
  t.equal(parseUrlState('?q=').q, '')
  t.equal(parseUrlState('?q=%7Bjob%3D%22a%22%7D&type=cpu').q, '{job="a"}')
  t.end()
})

t.test('patchSearch() leaves out defaults, keeps unknown keys and round-trips', (t) => {
  t.equal(patchSearch('', { from: 'now-15m', to: 'now' }), '')
  t.equal(patchSearch('?theirs=1&id=5-a', { id: '' }), '?theirs=1')
  t.equal(patchSearch('?type=cpu', { type: undefined }), '')
  const q = '{pod=~"a|b&c=d", x="#?%+"}'
  t.equal(parseUrlState(patchSearch('?theirs=1', { q, s: 'a b' })).q, q)
  t.equal(parseUrlState(patchSearch('', { q: '' })).q, '')
  t.equal(patchSearch('?id=1-a&zoom=ff&fn=x&mfrom=1&mto=2&q=%7B%7D', closeSelection), '?q=%7B%7D')
  t.end()
})
