import t from 'tap'
import { carriedSearch, readPlace } from './routes.ts'
import { parseUrlState } from './url-state.ts'

const nowMs = Date.parse('2026-11-23T12:00:00Z')

t.test('readPlace() shows the overview, unless the address selects profiles', (t) => {
  t.same(readPlace('', '', nowMs), { page: 'overview', search: '' })
  t.same(readPlace('', '?tz=utc', nowMs), { page: 'overview', search: '?tz=utc' })
  t.same(readPlace('', '?q=%7B%7D&type=cpu', nowMs), { page: 'explore', search: '?q=%7B%7D&type=cpu' })
  t.same(readPlace('', '?id=5-a', nowMs), { page: 'explore', search: '?id=5-a' })
  t.same(readPlace('explore/', '', nowMs), { page: 'explore', search: '' })
  t.same(readPlace('targets', '?pod=x', nowMs), { page: 'targets', search: '?pod=x' })
  t.same(readPlace('nowhere', '', nowMs), { page: 'overview', search: '' })
  for (const path of ['', 'explore']) {
    const { page, search } = readPlace(path, '?namespace=shop&at=1763899200', nowMs)
    t.equal(page, 'explore')
    t.equal(parseUrlState(search).q, '{namespace="shop", profile_type="cpu"}')
  }
  t.end()
})

t.test('carriedSearch() leaves behind what the other page does not understand', (t) => {
  t.equal(carriedSearch('?q=x&tz=utc&id=1-a', 'explore', 'targets'), '?q=x&tz=utc&id=1-a')
  t.equal(carriedSearch('?q=x&tz=utc&id=1-a', 'explore', 'overview'), '?tz=utc')
  t.equal(carriedSearch('?find=x&refresh=30', 'overview', 'explore'), '?refresh=30')
  t.equal(carriedSearch('?qa=x&qb=y', 'compare', 'explore'), '')
  t.equal(carriedSearch('?qa=x', 'compare', 'compare'), '?qa=x')
  t.end()
})
