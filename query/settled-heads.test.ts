import t from 'tap'
import { type SeenHead, SettledHeads } from './settled-heads.ts'

function head(name: string, more: Partial<SeenHead> = {}): SeenHead {
  return { name, incarnation: '1', isThere: true, ...more }
}

t.test('SettledHeads doubts listings while a collector is away, and a while after it came back', (t) => {
  let nowMs = 0
  const settled = new SettledHeads({ now: () => nowMs })
  t.equal(settled.isUnsettled([head('a'), head('b')]), false, 'there is no listing from before')
  t.equal(settled.isUnsettled([head('a'), head('b')]), false)
  t.equal(settled.isUnsettled([head('a'), head('b', { isThere: false })]), true)
  nowMs = 119_000
  t.equal(settled.isUnsettled([head('a'), head('b', { isThere: false })]), true)
  nowMs = 238_000
  t.equal(settled.isUnsettled([head('a'), head('b')]), true)
  nowMs = 240_000
  t.equal(settled.isUnsettled([head('a'), head('b')]), false)
  t.end()
})

for (const [what, seen] of [
  ['goes', [head('a')]],
  ['comes', [head('a'), head('b'), head('c')]],
  ['is another', [head('a'), head('c')]],
  ['began anew', [head('a'), head('b', { incarnation: '2' })]],
] as const) {
  t.test(`SettledHeads doubts listings for a while after one ${what}`, (t) => {
    let nowMs = 0
    const settled = new SettledHeads({ now: () => nowMs })
    settled.isUnsettled([head('a'), head('b')])
    t.equal(settled.isUnsettled(seen), true)
    nowMs = 119_999
    t.equal(settled.isUnsettled(seen), true)
    nowMs = 120_000
    t.equal(settled.isUnsettled(seen), false)
    t.end()
  })
}
