import t from 'tap'
import { drawFlame } from '../../test/support/drawn-flame.ts'
import { graftRest } from './flame-graft.ts'
import { invertTree } from './flame-invert.ts'
import type { FlameLayout } from './flame-layout.ts'
import { layoutFlame } from './flame-layout.ts'
import { pictureOf } from './flame-picture.ts'
import { childRows, frameName } from './flame-rows.ts'
import { readTree } from './flame-tree.ts'

/** A layout as text, which is what a person would see. */
function show(layout: FlameLayout, row = 0, indent = ''): string[] {
  const { from, to } = childRows(layout, row)
  const base = layout.base === undefined ? '' : ` | ${layout.base.total[row]}`
  const lines = [`${indent}${frameName(layout, row)} ${layout.total[row]}${base}`]
  for (let child = from; child < to; child++) lines.push(...show(layout, child, `${indent}  `))
  return lines
}

const tree = readTree(
  drawFlame(`
root 100
  main 70 (10)
    parse 40 (40)
    main 20 (5)
      parse 15 (15)
  gc 30 (5)
    parse 25 (25)
`),
)

t.test('pictureOf() of callers begins at the functions that have a value of their own', (t) => {
  t.same(show(pictureOf(tree, { side: 'callers' })), [
    'root 100',
    '  parse 80',
    '    main 55',
    '      main 15',
    '    gc 25',
    '  main 15',
    '    main 5',
    '  gc 5',
  ])
  t.equal(pictureOf(tree, { side: 'callers' }).isUnfinished, false)
  t.end()
})

t.test('pictureOf() of one function shows its callers and callees, each stack once', (t) => {
  t.same(show(pictureOf(tree, { side: 'calls', of: 'main' })), [
    'main 70',
    '  parse 40',
    '  main 20',
    '    parse 15',
  ])
  t.same(show(pictureOf(tree, { side: 'callers', of: 'parse' })), [
    'parse 80',
    '  main 55',
    '    main 15',
    '  gc 25',
  ])
  t.same(show(pictureOf(tree, { side: 'callers', of: 'main' })), ['main 70'])
  t.same(show(pictureOf(tree, { side: 'calls', of: 'nobody' })), ['nobody 0'])
  t.end()
})

t.test('pictureOf() draws a function that calls itself as one frame', (t) => {
  t.same(show(pictureOf(tree, { side: 'calls', collapsed: true })), [
    'root 100',
    '  main 70',
    '    parse 55',
    '  gc 30',
    '    parse 25',
  ])
  t.same(show(pictureOf(tree, { side: 'callers', of: 'parse', collapsed: true })), [
    'parse 80',
    '  main 55',
    '  gc 25',
  ])
  t.end()
})

t.test('pictureOf() keeps both sides of a comparison in every shape', (t) => {
  const compared = readTree(drawFlame('root 9 | 4\n  a 9 (1) | 0\n    b 8 (8) | 0\n  b 0 | 4 (4)'))
  t.same(show(pictureOf(compared, { side: 'callers' })), [
    'root 9 | 4',
    '  b 8 | 4',
    '    a 8 | 0',
    '  a 1 | 0',
  ])
  t.same(show(pictureOf(compared, { side: 'calls', of: 'b' })), ['b 8 | 4'])
  t.end()
})

t.test('invertTree() leaves out what nobody asked for, and says so', (t) => {
  const shallow = pictureOf(tree, { side: 'callers', levels: 1 })
  t.same(show(shallow), ['root 100', '  parse 80', '  main 15', '  gc 5'])
  t.equal(shallow.isUnfinished, true)
  // A third of everything is the least that is followed: only parse is.
  const { tree: inverted, isUnfinished } = invertTree(tree, { levels: 9, minShare: 1 / 3 })
  t.same(show(layoutFlame(inverted)), [
    'root 100',
    '  parse 80',
    '    main 55',
    '      main 15',
    '    gc 25',
    '  main 15',
    '  gc 5',
  ])
  t.equal(isUnfinished, true)
  const main = tree.names.indexOf('main')
  const within = invertTree(tree, { levels: 9, minShare: 1 / 3, within: [main] })
  t.same(show(layoutFlame(within.tree)).slice(-3), ['  main 15', '    main 5', '  gc 5'], 'zoomed to main')
  t.end()
})

t.test('invertTree() of a large profile costs what is seen', (t) => {
  const columns = { depth: [0], name: [0], self: ['0'], total: ['0'] }
  const names = ['root', ...Array.from({ length: 4000 }, (_, index) => `f${index}`)]
  let seed = 1
  const random = () => {
    seed = (seed * 48271) % 2147483647
    return seed / 2147483647
  }
  for (
    let depth = 1;
    columns.depth.length < 100_000;
    depth = 1 + Math.floor(random() * Math.min(64, depth + 1))
  ) {
    columns.depth.push(depth)
    columns.name.push(1 + Math.floor(random() * 4000))
    columns.self.push('1')
    columns.total.push('1')
  }
  // By the processor's clock, which stands still while other programs run.
  const before = process.cpuUsage()
  const picture = pictureOf(readTree({ names, ...columns }), { side: 'callers' })
  const { user, system } = process.cpuUsage(before)
  const ms = (user + system) / 1000
  t.ok(picture.name.length < 1_000_000, `${picture.name.length} rows`)
  t.ok(ms < 5000, `${ms} ms`)
  t.end()
})

t.test('graftRest() opens what was left out', (t) => {
  const trimmed = readTree(
    drawFlame('root 100\n  main 70\n    a 40 (40)\n    +2 @00000000000000aa 30\n  gc 30 (30)'),
  )
  const answer = readTree(
    drawFlame('root 70\n  main 70\n    a 40 (40)\n    b 20 (20)\n    +1 @00000000000000aa 10'),
  )
  const opened = layoutFlame(graftRest(trimmed, 3, answer))
  t.same(show(opened), [
    'root 100',
    '  main 70',
    '    a 40',
    '    b 20',
    '    1 more, not loaded 10',
    '  gc 30',
  ])
  t.throws(() => graftRest(trimmed, 3, readTree(drawFlame('root 1\n  other 1'))), /no frame main/)
  t.end()
})
