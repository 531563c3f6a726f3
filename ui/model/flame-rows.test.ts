import t from 'tap'
import { drawFlame } from '../../test/support/drawn-flame.ts'
import { layoutFlame } from './flame-layout.ts'
import { ancestors, childRows, findPath, formatPath, neighbour, rowAt, visitBoxes } from './flame-rows.ts'
import { readTree } from './flame-tree.ts'

const layOut = (text: string) => layoutFlame(readTree(drawFlame(text)))
// Rows: root, main, gc, parse, main, parse.
const layout = layOut(`
root 100
  main 70 (10)
    parse 40 (40)
    main 20 (20)
  gc 30 (5)
    parse 25 (25)
`)

t.test('rowAt() finds the frame under a value, and nothing beside it', (t) => {
  t.equal(rowAt(layout, 0, 99), 0)
  t.equal(rowAt(layout, 1, 69), 1)
  t.equal(rowAt(layout, 1, 70), 2)
  t.equal(rowAt(layout, 2, 65), -1, 'self time of main')
  t.equal(rowAt(layout, 2, 96), -1)
  t.equal(rowAt(layout, 3, 1), -1)
  t.equal(rowAt(layout, -1, 1), -1)
  t.end()
})

t.test('a path is found again in another layout, and only there', (t) => {
  const other = layOut('root 9\n  gc 5\n    parse 5\n  main 4\n    parse 4')
  t.equal(findPath(other, formatPath(layout, 3)), 4)
  t.equal(findPath(other, formatPath(layout, 5)), 3)
  t.equal(findPath(other, formatPath(layout, 4)), -1)
  t.equal(findPath(other, 'no hash'), -1)
  t.same(ancestors(layout, 5), [0, 2, 5])
  t.end()
})

t.test('neighbour() walks as arrow keys do', (t) => {
  t.equal(neighbour(layout, 0, 'out'), 1)
  t.equal(neighbour(layout, 2, 'out'), 5)
  t.equal(neighbour(layout, 3, 'right'), 4)
  t.equal(neighbour(layout, 4, 'right'), 5)
  t.equal(neighbour(layout, 5, 'right'), 5)
  t.equal(neighbour(layout, 5, 'in'), 2)
  t.equal(neighbour(layout, 2, 'left'), 1)
  t.equal(neighbour(layout, 0, 'in'), 0)
  t.equal(neighbour(layout, 5, 'out'), 5)
  t.equal(neighbour(layout, 1, 'left'), 1)
  t.same(childRows(layout, 1), { from: 3, to: 5 })
  t.end()
})

t.test('visitBoxes() clips to the window and gives each frame its width', (t) => {
  const boxes: (readonly number[])[] = []
  visitBoxes(layout, 1, { from: 60, to: 80, widthPx: 200 }, (...box) => boxes.push(box))
  t.same(boxes, [
    [1, 0, 100],
    [2, 100, 100],
  ])
  t.end()
})

t.test('visitBoxes() costs pixels, not frames, and still shows them all', (t) => {
  const count = 100_000
  const wide = layoutFlame(
    readTree({
      names: ['root', 'leaf'],
      depth: [0, ...Array<number>(count).fill(1)],
      name: [0, ...Array<number>(count).fill(1)],
      self: Array<string>(count + 1).fill('1'),
      total: [String(count), ...Array<string>(count).fill('1')],
    }),
  )
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
