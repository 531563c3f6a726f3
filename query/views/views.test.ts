import fc from 'fast-check'
import t from 'tap'
import { mergedFromText } from '../testdata/merged-from-text.ts'
import { collapsed } from './collapsed.ts'
import { flamegraph } from './flamegraph.ts'
import { top } from './top.ts'

const drawn = `
  main;serve;read 5
  main;serve;write 7
  main;serve 1
  main;gc 30
  main;serve+decode;read 2
`

t.test('flamegraph() is a tree of names, largest first', async (t) => {
  t.equal(
    drawTree(drawn),
    `
total 45 self 0
  main 45 self 0
    gc 30 self 30
    serve 15 self 1
      write 7 self 7
      read 5 self 5
      decode 2 self 0
        read 2 self 2
`,
  )
})

t.test('flamegraph() keeps recursion apart and joins what has one name', async (t) => {
  t.equal(
    drawTree(`
      f;f;f 1
      f;f 2
      @0x10;f 3
      @lib.so;f 4
    `),
    `
total 10 self 0
  [lib.so] 4 self 0
    f 4 self 4
  0x10 3 self 0
    f 3 self 3
  f 3 self 0
    f 3 self 2
      f 1 self 1
`,
  )
})

t.test('flamegraph() of nothing is a root', async (t) => {
  t.equal(drawTree(''), '\ntotal 0 self 0\n')
})

t.test('flamegraph() is exact beyond 2^53', async (t) => {
  const wide = 2n ** 61n + 1n
  const answer = flamegraph(mergedFromText(`a;b ${wide}\na;c ${wide}\na 1`), 0)
  t.strictSame(answer.total, [2n * wide + 1n, 2n * wide + 1n, wide, wide].map(String))
  t.equal(answer.sum, String(2n * wide + 1n))
})

t.test('top() counts a function once per stack', async (t) => {
  const answer = top(
    mergedFromText(`
      main;f;g;f 5
      main;f 2
      main+g 3
      main;@lib.so 1
    `),
    0,
  )
  t.equal(answer.total, '11')
  t.strictSame(
    answer.functions.map(({ name, file, flat, cum }) => `${name} ${file} ${flat} ${cum}`),
    ['f f.go 7 7', 'g g.go 3 8', '[lib.so]  1 1', 'main main.go 0 11'],
  )
})

t.test('collapsed() writes each distinct stack once', async (t) => {
  t.equal(
    collapsed(mergedFromText(`${drawn}\nmain;gc 1`), 0),
    'main;gc 31\nmain;serve 1\nmain;serve;decode;read 2\nmain;serve;read 5\nmain;serve;write 7\n',
  )
  t.equal(collapsed(mergedFromText(''), 0), '')
})

t.test('views agree with each other on any profile', async () => {
  const frame = fc.constantFrom('a', 'b', 'c', 'd', 'a+b', 'b+c+a', '@0x10', '@lib.so')
  const stack = fc.tuple(fc.array(frame, { minLength: 1, maxLength: 6 }), fc.bigInt(-5n, 2n ** 60n))
  fc.assert(
    fc.property(fc.array(stack, { maxLength: 30 }), (stacks) => {
      const merged = mergedFromText(
        stacks.map(([frames, value]) => `${frames.join(';')} ${value}`).join('\n'),
      )
      const flames = flamegraph(merged, 0)
      const functions = top(merged, 0)
      const want = BigInt.asIntN(64, 0n) + stacks.reduce((sum, [, value]) => sum + value, 0n)
      const add = (values: readonly string[]) => values.reduce((sum, value) => sum + BigInt(value), 0n)
      const folded = collapsed(merged, 0).trim().split('\n').filter(Boolean)
      const sums = [
        BigInt(flames.total[0]!),
        add(flames.self),
        add(functions.functions.map(({ flat }) => flat)),
        add(folded.map((line) => line.slice(line.lastIndexOf(' ') + 1))),
      ]
      // A label-less stack drawn twice is one sample, as it is in a merge.
      const magnitude = stacksOf(stacks).reduce((sum, value) => sum + (value < 0n ? -value : value), 0n)
      if (BigInt(functions.total) !== magnitude) throw new Error(`${functions.total} want ${magnitude}`)
      if (sums.some((sum) => sum !== want)) throw new Error(`${sums} want ${want}`)
      for (let row = 1; row < flames.depth.length; row++) {
        if (flames.depth[row]! > flames.depth[row - 1]! + 1) throw new Error(`row ${row} skips a level`)
      }
    }),
  )
})

/** Per distinct stack what it comes to. */
function stacksOf(stacks: readonly (readonly [readonly string[], bigint])[]): bigint[] {
  const values = new Map<string, bigint>()
  for (const [frames, value] of stacks) {
    const key = frames.join(';')
    values.set(key, (values.get(key) ?? 0n) + value)
  }
  return [...values.values()]
}

function drawTree(text: string): string {
  const { depth, names, name, total, self } = flamegraph(mergedFromText(text), 0)
  const lines = depth.map((d, row) => `${'  '.repeat(d)}${names[name[row]!]} ${total[row]} self ${self[row]}`)
  return `\n${lines.join('\n')}\n`
}
