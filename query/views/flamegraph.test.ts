import fc from 'fast-check'
import t from 'tap'
import type { TreeAnswer } from '../api/view-types.ts'
import { inOneDictionary } from '../testdata/in-one-dictionary.ts'
import { mergedFromText } from '../testdata/merged-from-text.ts'
import { flamegraph } from './flamegraph.ts'
import type { ComparedOptions } from './view-options.ts'

const drawn = `
  main;serve;read 5
  main;serve;write 7
  main;serve;write;flush 2
  main;gc 30
  main;idle 3
  main;wait 2
`

t.test('maxNodes leaves one row per parent for the rest, which its path opens', async (t) => {
  const answer = flamegraph(mergedFromText(drawn), 0, { maxNodes: 3 })
  t.equal(
    draw(answer),
    `
total 49 self 0
  main 49 self 0
    gc 30 self 30
    (rest) 19 self 19
`,
  )
  t.strictSame(
    answer.rest?.map(({ row, nodes }) => [row, nodes]),
    [[3, 6]],
  )
  const opened = flamegraph(mergedFromText(drawn), 0, { path: answer.rest![0]!.path, maxNodes: 4 })
  t.equal(
    draw(opened),
    `
total 49 self 0
  main 49 self 0
    gc 30 self 30
    serve 14 self 0
      write 9 self 7
        flush 2 self 2
      read 5 self 5
    (rest) 5 self 5
`,
    'a rest of one node would be no shorter, so it is that node',
  )
})

t.test('a path that no node has is an error that names it', async (t) => {
  t.throws(() => flamegraph(mergedFromText(drawn), 0, { path: '0123456789abcdef' }), {
    code: 'BAD_VIEW_OPTION',
    message: 'parameter "path": "0123456789abcdef": no node of this flame graph has it',
  })
})

t.test('a comparison has the nodes of both sides', async (t) => {
  const answer = compared('main;gc 3\nmain;new 9', 'main;gc 4\nmain;old 2')
  t.equal(
    draw(answer),
    `
total 12 6 self 0 0
  main 12 6 self 0 0
    new 9 0 self 9 0
    gc 3 4 self 3 4
    old 0 2 self 0 2
`,
  )
  t.equal(answer.sum, '12')
  t.equal(answer.base?.sum, '6')
})

t.test('a comparison of different dictionaries is refused', async (t) => {
  t.throws(() => flamegraph(mergedFromText(drawn), 0, { base: mergedFromText(drawn) }), {
    message: 'compare profiles: they have different dictionaries, want one',
  })
})

const stacks = fc
  .array(
    fc.tuple(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'a+b', '@0x10'), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 1000 }),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((all) => all.map(([frames, value]) => `${frames.join(';')} ${value}`).join('\n'))

t.test('no budget loses anything: self adds up, and every rest opens to what it stands for', async () => {
  fc.assert(
    fc.property(stacks, stacks, fc.integer({ min: 1, max: 20 }), (profile, base, maxNodes) => {
      const options = { base: undefined as ComparedOptions['base'], maxNodes }
      const [merged, other] = inOneDictionary(mergedFromText(profile), mergedFromText(base))
      options.base = other
      const whole = flamegraph(merged!, 0, { base: other })
      const cut = flamegraph(merged!, 0, options)
      for (const column of ['self', 'baseSelf'] as const)
        if (sum(cut[column]!) !== sum(whole[column]!)) throw new Error(`${column}: ${draw(cut)}`)
      const rest = cut.rest ?? []
      // A kept node may have one more below it, in place of a rest of one.
      if (cut.depth.length - rest.length > 2 * maxNodes) throw new Error(`too many rows: ${draw(cut)}`)
      const named = cut.depth.length - rest.length + rest.reduce((nodes, each) => nodes + each.nodes, 0)
      if (named !== whole.depth.length) throw new Error(`${named} nodes of ${whole.depth.length}`)
      for (const { path, row } of rest) {
        const opened = flamegraph(merged!, 0, { base: other, path })
        const depth = cut.depth[row]! - 1
        const at = opened.depth.indexOf(depth)
        const parent = cut.depth.findLastIndex((each, index) => index < row && each === depth)
        if (opened.total[at] !== cut.total[parent] || opened.baseTotal![at] !== cut.baseTotal![parent])
          throw new Error(`path ${path} opens another node: ${draw(opened)}`)
        if (opened.rest !== undefined) throw new Error('nothing asked for a rest')
      }
    }),
  )
})

t.test('a profile compared with itself has no difference', async () => {
  fc.assert(
    fc.property(stacks, (profile) => {
      const merged = mergedFromText(profile)
      for (const normalize of [false, true]) {
        const { self, baseSelf, total, baseTotal } = flamegraph(merged, 0, { base: merged, normalize })
        if (`${self} ${total}` !== `${baseSelf} ${baseTotal}`) throw new Error(`${self} is not ${baseSelf}`)
      }
    }),
  )
})

function compared(profile: string, base: string): TreeAnswer {
  const [merged, other] = inOneDictionary(mergedFromText(profile), mergedFromText(base))
  return flamegraph(merged!, 0, { base: other })
}

function sum(values: readonly string[]): bigint {
  return values.reduce((total, value) => total + BigInt(value), 0n)
}

function draw({ depth, names, name, total, self, baseTotal, baseSelf }: TreeAnswer): string {
  const both = (profile: readonly string[], base: readonly string[] | undefined, row: number): string =>
    base === undefined ? profile[row]! : `${profile[row]} ${base[row]}`
  const lines = depth.map(
    (d, row) =>
      `${'  '.repeat(d)}${names[name[row]!]} ${both(total, baseTotal, row)} self ${both(self, baseSelf, row)}`,
  )
  return `\n${lines.join('\n')}\n`
}
