import t from 'tap'
import { SeqSet } from './seq-set.ts'

t.test('SeqSet has() what a plain set would have', async (t) => {
  const set = new SeqSet()
  const plain = new Set<number>()
  let state = 5
  for (let round = 0; round < 300; round++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const first = state % 2000
    const last = first + ((state >>> 16) % 9)
    set.add([{ writer: 'a', intervals: [{ first, last }] }])
    for (let seq = first; seq <= last; seq++) plain.add(seq)
    for (let seq = Math.max(0, first - 12); seq < last + 12; seq++) {
      if (set.has('a', seq) !== plain.has(seq)) t.fail(`seq ${seq} after ${round} intervals`)
    }
  }
  for (let seq = 0; seq < 2100; seq++) if (set.has('a', seq) !== plain.has(seq)) t.fail(`seq ${seq}`)
  t.notOk(set.has('b', [...plain][0]!), 'writers are apart')
})
