import { readFileSync } from 'node:fs'
import t from 'tap'
import { Dictionary } from '../profile/dictionary.ts'
import { StackIds } from './stack-ids.ts'
import { StackTable } from './stack-table.ts'

/** A stack, root first; each location is `name file:line`, or several with `+` between, outermost first. */
class Stacks {
  readonly symbols = new Dictionary()

  node(...locations: string[]): number {
    let node = 0
    for (const [depth, text] of locations.entries())
      node = this.symbols.internNode(node, this.#location(text, depth))
    return node
  }

  #location(text: string, address: number): number {
    const { symbols } = this
    const lines = text
      .split('+')
      .filter((frame) => !frame.startsWith('0x'))
      .toReversed()
      .flatMap((frame) => {
        const [, name = '', file = '', line = '0'] = /^(\S+) (\S*?)(?::(\d+))?$/.exec(frame) ?? []
        const index = symbols.internFunction(symbols.internText(name), 0, symbols.internText(file), 0, 0)
        return [index, Number(line), 0, 0]
      })
    const low = text.startsWith('0x') ? Number(text) : address
    return symbols.internLocation(0, low, 0, 0, 0, Float64Array.from(lines), lines.length / 4)
  }
}

t.test('StackIds makes the ids of docs/format/parquet.md', async (t) => {
  const page = readFileSync(new URL('../docs/format/parquet.md', import.meta.url), 'utf8')
  const examples = [...page.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \| (-?\d+) \|$/gm)]
  t.equal(examples.length, 2)
  for (const [, frames, id] of examples) {
    const stacks = new Stacks()
    const node = stacks.node(...[...frames!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!))
    t.equal(String(new StackIds(stacks.symbols).of(node)), id, String(frames))
  }
})

t.test('StackIds are of frames alone', async (t) => {
  const one = new Stacks()
  const other = new Stacks()
  // Other numbers everywhere, and other addresses.
  other.node('x x.go:1', 'y y.go:2')
  const idIn = (stacks: Stacks, ...frames: string[]) => {
    const node = stacks.node(...frames)
    return new StackIds(stacks.symbols).of(node)
  }
  t.equal(idIn(one), 0n)
  const plain = idIn(one, 'main main.go:1', 'f f.go:2', 'g g.go:3')
  t.equal(idIn(other, 'main main.go:1', 'f f.go:2', 'g g.go:3'), plain)
  // Inlined or not: f calls g.
  t.equal(idIn(other, 'main main.go:1', 'f f.go:2+g g.go:3'), plain)
  const others = [
    idIn(one, 'main main.go:1', 'g g.go:3', 'f f.go:2'),
    idIn(one, 'main main.go:1', 'f f.go:3', 'g g.go:3'),
    idIn(one, 'main main.go:1', 'f h.go:2', 'g g.go:3'),
    idIn(one, 'main main.go:1', 'f f.go:2'),
    idIn(one, 'main main.go:1', 'f f.go:2', '0x1234'),
    idIn(one, 'main main.go:1', 'f f.go:2', '0x1235'),
  ]
  t.equal(new Set([plain, ...others]).size, 7)
})

t.test('StackTable tells each stack once, with its frames, leaf first', async (t) => {
  const told: string[] = []
  const table = new StackTable((_, { functions, files, lines }) => {
    told.push(functions.map((name, i) => `${name} ${files[i]}:${lines[i]}`).join(' < '))
  })
  const one = new Stacks()
  const leaf = one.node('main main.go:1', 'f f.go:2+g g.go:3', '0x1234')
  const short = one.node('main main.go:1')
  const numberOf = table.numbersOf(one.symbols)
  t.equal(numberOf(leaf), numberOf(leaf))
  const other = new Stacks()
  const same = other.node('main main.go:1', 'f f.go:2', 'g g.go:3', '0x1234')
  t.equal(table.numbersOf(other.symbols)(same), numberOf(leaf))
  t.not(numberOf(short), numberOf(leaf))
  t.equal(table.id(numberOf(0)), 0n)
  t.strictSame(told, ['0x1234 :0 < g g.go:3 < f f.go:2 < main main.go:1', 'main main.go:1', ''])
  t.equal(table.count, 3)
  // Beyond what it begins with.
  const many = new Stacks()
  const nodes = Array.from({ length: 3000 }, (_, i) => many.node(`f${i} f.go:1`))
  const numbers = nodes.map(table.numbersOf(many.symbols))
  t.equal(new Set(numbers).size, 3000)
  t.equal(told.length, 3003)
})
