import t from 'tap'
import type { FlamegraphAnswer } from '../api/types.ts'
import { belowCallSite, callTree } from './call-tree.ts'
import { flameLevels } from './flame-levels.ts'

/** `depth name self total` per line, the root first. */
function graph(text: string): FlamegraphAnswer {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' ') as [string, string, string, string])
  const names = [...new Set(rows.map(([, name]) => name))]
  return {
    names,
    depth: rows.map(([depth]) => Number(depth)),
    name: rows.map(([, name]) => names.indexOf(name)),
    self: rows.map(([, , self]) => self),
    total: rows.map(([, , , total]) => total),
  } as unknown as FlamegraphAnswer
}

/** `x+total/self name` of each bar, sides one after the other, as a reader of the protocol finds them. */
function draw({ names, levels }: ReturnType<typeof flameLevels>, sides = 1): string[] {
  return levels.map((values) => {
    const bars: string[] = []
    const ends = new Array<bigint>(sides).fill(0n)
    for (let i = 0; i < values.length; i += 3 * sides + 1) {
      const parts = ends.map((end, side) => {
        const [distance, total, self] = values.slice(i + 3 * side, i + 3 * side + 3) as [
          bigint,
          bigint,
          bigint,
        ]
        ends[side] = end + distance + total
        return `${end + distance}+${total}/${self}`
      })
      bars.push(`${parts.join(' ')} ${names[Number(values[i + 3 * sides])]}`)
    }
    return bars.join(', ')
  })
}

const shop = graph(`
  0 root 0 100
  1 main 10 80
  2 cart 40 60
  3 json 20 20
  2 log 10 10
  1 gc 12 20
  2 mark 5 5
  2 sweep 3 3
`)

t.test('flameLevels() draws each level from left to right', async (t) => {
  const levels = flameLevels(callTree([shop]), { maxNodes: 100 })
  t.strictSame(draw(levels), [
    '0+100/0 total',
    '0+80/10 main, 80+20/12 gc',
    '0+60/40 cart, 60+10/10 log, 80+5/5 mark, 85+3/3 sweep',
    '0+20/20 json',
  ])
  t.equal(levels.names[0], 'total')
  t.match(levels, { total: 100n, maxSelf: 40n, ticks: [100n] })
})

t.test('flameLevels() folds what is small into one other per parent', async (t) => {
  t.strictSame(draw(flameLevels(callTree([shop]), { maxNodes: 4 })), [
    '0+100/0 total',
    '0+80/10 main, 80+20/12 gc',
    '0+60/40 cart, 60+10/10 other, 80+8/8 other',
    '0+20/20 json',
  ])
  t.strictSame(draw(flameLevels(callTree([shop]), { maxNodes: 1 })), ['0+100/0 total', '0+100/100 other'])
})

t.test('flameLevels() draws two sides over each other', async (t) => {
  const before = graph(`
    0 root 0 50
    1 main 5 50
    2 cart 15 15
    2 mail 30 30
  `)
  const levels = flameLevels(callTree([before, shop]), { maxNodes: 100 })
  t.strictSame(draw(levels, 2), [
    '0+50/0 0+100/0 total',
    '0+50/5 0+80/10 main, 50+0/0 80+20/12 gc',
    '0+15/15 0+60/40 cart, 15+30/30 60+0/0 mail, 45+0/0 60+10/10 log, 50+0/0 80+5/5 mark, 50+0/0 85+3/3 sweep',
    '0+0/0 0+20/20 json',
  ])
  t.match(levels, { total: 150n, ticks: [50n, 100n] })
  t.strictSame(draw(flameLevels(callTree([undefined, before]), { maxNodes: 9 }), 2)[1], '0+0/0 0+50/5 main')
  t.strictSame(draw(flameLevels(callTree([undefined]), { maxNodes: 9 })), ['0+0/0 total'])
})

t.test('belowCallSite() leaves what begins with these functions', async (t) => {
  const drawn = (callSite: string[]) =>
    draw(flameLevels(belowCallSite(callTree([shop]), callSite), { maxNodes: 100 }))
  t.strictSame(drawn([]), draw(flameLevels(callTree([shop]), { maxNodes: 100 })))
  t.strictSame(drawn(['main', 'cart']), ['0+60/0 total', '0+60/0 main', '0+60/40 cart', '0+20/20 json'])
  t.strictSame(drawn(['cart']), ['0+0/0 total'])
})
