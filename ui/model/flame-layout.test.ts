import t from 'tap'
import { drawFlame } from '../../test/support/drawn-flame.ts'
import { layoutFlame, valuesOf } from './flame-layout.ts'
import { frameName } from './flame-rows.ts'
import { readTree } from './flame-tree.ts'
import { nameTest, searchFrames } from './frame-search.ts'

const layout = layoutFlame(
  readTree(
    drawFlame(`
root 100
  main 70 (10)
    parse 40 (40)
    main 20 (20)
  gc 30 (5)
    parse 25 (25)
`),
  ),
)

t.test('layoutFlame() lays out level by level, children from the left edge of their parent', (t) => {
  t.same([...layout.levelStart], [0, 1, 3, 6])
  t.same([...layout.start], [0, 0, 70, 0, 40, 70])
  t.same([...layout.parent], [-1, 0, 0, 1, 1, 2])
  t.same([...layout.depth], [0, 1, 1, 2, 2, 2])
  t.same(
    [...layout.name.keys()].map((row) => frameName(layout, row)),
    ['root', 'main', 'gc', 'parse', 'main', 'parse'],
  )
  t.end()
})

t.test('layoutFlame() puts the widest first, then by name, and what was left out last', (t) => {
  const text = 'root 20\n  b 4\n  +3 @00000000000000aa 9\n  a 4\n  c 3'
  const sorted = layoutFlame(readTree(drawFlame(text)))
  t.same(
    [1, 2, 3, 4].map((row) => frameName(sorted, row)),
    ['a', 'b', 'c', '3 more, not loaded'],
  )
  t.same([...sorted.start], [0, 0, 4, 8, 11])
  t.same([...sorted.rest.keys()], [4])
  t.end()
})

t.test('layoutFlame() of a comparison shows what is gone and what is new', (t) => {
  const text = 'root 50 | 40\n  kept 30 (30) | 30 (30)\n  new 20 (20) | 0\n  gone 0 | 10 (10)'
  const compared = layoutFlame(readTree(drawFlame(text)))
  t.same([...compared.width], [60, 30, 20, 10])
  t.same(valuesOf(compared, 3), { total: 0, self: 0, baseTotal: 10, baseSelf: 10 })
  const halved = layoutFlame(readTree(drawFlame(text)), { scale: { profile: 1, base: 2 } })
  t.same([...halved.width], [100, 60, 20, 20], 'each side as the scale says')
  t.equal(valuesOf(halved, 1).baseTotal, 60)
  t.end()
})

t.test('layoutFlame() gives negative totals no width, and an empty tree no rows', (t) => {
  const negative = layoutFlame(readTree(drawFlame('root 5\n  a -3\n  b 5')))
  t.same([...negative.width], [5, 5, 0])
  const empty = layoutFlame(readTree({ names: [], depth: [], name: [], self: [], total: [] }))
  t.equal(empty.name.length, 0)
  t.end()
})

t.test('searchFrames() counts a frame under another match once', (t) => {
  const search = (text: string) => {
    const test = nameTest(text)
    return test === undefined ? undefined : searchFrames(layout, test)
  }
  t.same(search('PARSE')?.rows, [3, 5])
  t.equal(search('parse')?.total, 65)
  t.same(search('main')?.rows, [1, 4])
  t.equal(search('main')?.total, 70)
  t.equal(search('/^(main|gc)$/')?.total, 100)
  t.equal(search('"pars"')?.total, 0)
  t.equal(search('"parse"')?.total, 65)
  t.equal(search(' '), undefined)
  t.equal(search('/(/'), undefined, 'a broken expression finds nothing and throws nothing')
  t.end()
})
