import t from 'tap'
import { hourMs, plotRange, shiftedRange, sideChoice, sidePatch, swapPatch } from './compare-sides.ts'
import { parseUrlState, patchSearch } from './url-state.ts'

const url = (patch: object) => parseUrlState(patchSearch('', patch))

t.test('sideChoice() reads what the address names', (t) => {
  const both = url({ qa: '{a="1"}', fa: '1', ta: '2', idb: '5-ff' })
  t.same(sideChoice(both, 'a'), { kind: 'range', query: '{a="1"}', from: '1', to: '2' })
  t.same(sideChoice(both, 'b'), { kind: 'id', id: '5-ff' })
  t.same(sideChoice(url({ ida: 'file' }), 'a'), { kind: 'file' })
  t.same(sideChoice(url({ ida: 'file-2' }), 'a'), { kind: 'file', number: 2 })
  t.equal(sideChoice(url({}), 'a'), undefined)
  t.equal(sideChoice(url({}), 'b'), undefined)
  t.end()
})

t.test('sideChoice() begins with what was open before', (t) => {
  const open = { q: '{}', from: 'now-1h', bfrom: '10', bto: '20' }
  t.same(sideChoice(url({ ...open, id: '5-ff' }), 'b'), { kind: 'id', id: '5-ff' })
  t.same(sideChoice(url({ ...open, mfrom: '30', mto: '40' }), 'b'), {
    kind: 'range',
    query: '{}',
    from: '30',
    to: '40',
  })
  t.same(sideChoice(url(open), 'b'), { kind: 'range', query: '{}', from: 'now-1h', to: 'now' })
  t.same(sideChoice(url(open), 'a'), { kind: 'range', query: '{}', from: '10', to: '20' })
  t.end()
})

t.test('sidePatch() and swapPatch() write what sideChoice() reads', (t) => {
  const before = url({ qa: '{a="1"}', fa: '1', ta: '2', idb: '5-ff' })
  const after = parseUrlState(patchSearch(patchSearch('', before), swapPatch(before)))
  t.same(sideChoice(after, 'b'), sideChoice(before, 'a'))
  t.same(sideChoice(after, 'a'), sideChoice(before, 'b'))
  for (const file of [{ kind: 'file' }, { kind: 'file', number: 3 }] as const)
    t.same(sideChoice(url({ ...before, ...sidePatch('a', file) }), 'a'), file)
  t.end()
})

t.test('shiftedRange() and plotRange() move in time', (t) => {
  const range = { kind: 'range', query: '{}', from: 'now-1h', to: 'now' } as const
  const nowMs = 100 * hourMs
  t.same(shiftedRange(range, 24 * hourMs, { nowMs, utc: true }), {
    kind: 'range',
    query: '{}',
    from: String(75 * hourMs),
    to: String(76 * hourMs),
  })
  t.same(plotRange({ startMs: 10, endMs: 20 }, 10, 1000), { startMs: 5, endMs: 25 })
  t.same(plotRange({ startMs: 10, endMs: 20 }, 10, 20), { startMs: 0, endMs: 20 }, 'no future')
  t.end()
})
