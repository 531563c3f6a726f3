import t from 'tap'
import {
  ancestors,
  type FlameColumns,
  findPath,
  formatPath,
  layoutFlame,
  neighbour,
  rowAt,
  visitBoxes,
} from './flame-layout.ts'
import { nameTest, searchFrames } from './frame-search.ts'

/** `main 10 (3)` is a frame with total 10 and self 3; two blanks of indentation are one level. */
function flame(text: string): FlameColumns {
  const names: string[] = []
  const columns = { depth: [] as number[], name: [] as number[], self: [] as string[], total: [] as string[] }
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const [, indent = '', name = '', total = '0', self = '0'] =
      /^( *)(\S+) (-?\d+)(?: \((\d+)\))?$/.exec(line) ?? []
    if (!names.includes(name)) names.push(name)
    columns.depth.push(indent.length / 2)
    columns.name.push(names.indexOf(name))
    columns.total.push(total)
    columns.self.push(self)
  }
  return { names, ...columns }
}

const layout = layoutFlame(
  flame(`
root 100
  main 70 (10)
    parse 40 (40)
    main 20 (20)
  gc 30 (5)
    parse 25 (25)
`),
)

t.test('layoutFlame() places children from the left edge of their parent', (t) => {
  t.same([...layout.start], [0, 0, 0, 40, 70, 70])
  t.same([...layout.parent], [-1, 0, 1, 1, 0, 4])
  t.same(
    layout.levels.map((rows) => [...rows]),
    [[0], [1, 4], [2, 3, 5]],
  )
  t.end()
})

t.test('rowAt() finds the frame under a value, and nothing beside it', (t) => {
  t.equal(rowAt(layout, 0, 99), 0)
  t.equal(rowAt(layout, 1, 69), 1)
  t.equal(rowAt(layout, 1, 70), 4)
  t.equal(rowAt(layout, 2, 65), -1, 'self time of main')
  t.equal(rowAt(layout, 2, 96), -1)
  t.equal(rowAt(layout, 3, 1), -1)
  t.end()
})

t.test('a path is found again in another layout, and only there', (t) => {
  const other = layoutFlame(flame('root 9\n  gc 5\n    parse 5\n  main 4\n    parse 4'))
  t.equal(findPath(other, formatPath(layout, 2)), 4)
  t.equal(findPath(other, formatPath(layout, 5)), 2)
  t.equal(findPath(other, formatPath(layout, 3)), -1)
  t.equal(findPath(other, 'no hash'), -1)
  t.same(ancestors(layout, 5), [0, 4, 5])
  t.end()
})

t.test('neighbour() walks as arrow keys do', (t) => {
  t.equal(neighbour(layout, 0, 'down'), 1)
  t.equal(neighbour(layout, 2, 'right'), 3)
  t.equal(neighbour(layout, 3, 'right'), 5)
  t.equal(neighbour(layout, 5, 'up'), 4)
  t.equal(neighbour(layout, 4, 'left'), 1)
  t.equal(neighbour(layout, 0, 'up'), 0)
  t.equal(neighbour(layout, 5, 'down'), 5)
  t.equal(neighbour(layout, 1, 'left'), 1)
  t.end()
})

t.test('visitBoxes() clips to the window and gives each frame its width', (t) => {
  const boxes: (readonly number[])[] = []
  visitBoxes(layout, 1, { from: 60, to: 80, widthPx: 200 }, (...box) => boxes.push(box))
  t.same(boxes, [
    [1, 0, 100],
    [4, 100, 100],
  ])
  t.end()
})

t.test('visitBoxes() costs pixels, not frames, and still shows them all', (t) => {
  const count = 100_000
  const wide = layoutFlame({
    names: ['root', 'leaf'],
    depth: [0, ...Array<number>(count).fill(1)],
    name: [0, ...Array<number>(count).fill(1)],
    self: Array<string>(count + 1).fill('1'),
    total: [String(count), ...Array<string>(count).fill('1')],
  })
  let boxes = 0
  let covered = 0
  visitBoxes(wide, 1, { from: 0, to: count, widthPx: 1000 }, (row, _x, width) => {
    if (row === -1) boxes++
    covered += width
  })
  t.ok(boxes > 900 && boxes <= 1001, `${boxes} boxes`)
  t.ok(Math.abs(covered - 1000) < 2, `${covered} px`)
  boxes = 0
  visitBoxes(wide, 1, { from: 500, to: 600, widthPx: 1000 }, (row) => {
    if (row >= 0) boxes++
  })
  t.equal(boxes, 100, 'zoomed in, each is a frame of its own')
  t.end()
})

t.test('negative totals have no width', (t) => {
  const negative = layoutFlame(flame('root 5\n  a -3\n  b 5'))
  t.equal(negative.start[2], 0)
  t.equal(rowAt(negative, 1, 1), 2)
  t.end()
})

t.test('searchFrames() counts a frame under another match once', (t) => {
  const search = (text: string) => {
    const test = nameTest(text)
    return test === undefined ? undefined : searchFrames(layout, test)
  }
  t.same(search('PARSE')?.rows, [2, 5])
  t.equal(search('parse')?.total, 65)
  t.equal(search('main')?.total, 70)
  t.equal(search('/^(main|gc)$/')?.total, 100)
  t.equal(search('"pars"')?.total, 0)
  t.equal(search('"parse"')?.total, 65)
  t.equal(search(' '), undefined)
  t.equal(search('/(/'), undefined, 'a broken expression finds nothing and throws nothing')
  t.end()
})
