import fc from 'fast-check'
import t from 'tap'
import { type Labels, sortLabels } from '../profile/labels.ts'
import type { Covered } from './block-reader.ts'
import { chooseSources, containsSeq, coversAll, coversAny, type Source, unionCovered } from './covered.ts'
import { partitionContains, partitionOf, wholePartition } from './partition.ts'

const inOrder = ['api', 'cart', 'db', 'web']
  .map((name) => sortLabels([['service_name', name]]))
  .sort((a, b) => partitionOf(a) - partitionOf(b))
const [lowest, , , highest] = inOrder as [Labels, Labels, Labels, Labels]

t.test('chooseSources() counts everything once', async (t) => {
  const cases: [string, string[], string[]][] = [
    ['a cut head', ['0 head a:1-9', '1 cut a:1-9'], ['cut']],
    ['a head that went on', ['0 head a:1-12', '1 cut a:1-9'], ['cut', 'head without a:1-9']],
    ['pending and uploaded', ['1 cut a:1-9', '1 cut a:1-9'], ['cut']],
    ['compacted', ['1 x a:1-9', '1 y b:1-4', '2 z a:1-9,b:1-4'], ['z']],
    ['compacted in several', ['1 x a:1-9', '2 y a:1-5', '2 z a:6-9'], ['y', 'z']],
    ['compacted in part', ['1 x a:1-9', '2 y a:1-5'], ['y', 'x without a:1-5']],
    ['neighbours', ['1 x a:1-9', '1 y a:10-20', '1 z b:1-9'], ['x', 'y', 'z']],
    ['two compactions of one rank', ['2 x a:1-9', '2 y a:5-12'], ['x repeats', 'y repeats']],
    ['parts of one compaction', ['2 low a:1-9', '2 high a:1-9'], ['low', 'high']],
    ['all parts of a compaction', ['1 x a:1-9', '2 low a:1-9', '2 high a:1-9'], ['low', 'high']],
    ['a part alone', ['1 x a:1-9', '2 low a:1-9'], ['low', 'x without a:1-9 of the low']],
    [
      'a part that was rewritten',
      ['2 low a:1-9', '2 high a:1-9', '3 low-again a:1-9'],
      ['low-again', 'high'],
    ],
    ['two levels up', ['1 x a:1-9', '2 y a:1-9', '3 z a:1-20'], ['z']],
    ['nothing stated', ['1 x', '2 y a:1-9'], ['y', 'x']],
  ]
  for (const [name, sources, want] of cases) {
    const chosen = chooseSources(sources.map(readSource)).map(({ source, exclude, mayRepeat }) => {
      const [inLow, inHigh] = [lowest, highest].map((labels) => exclude?.(labels) ?? new Map())
      const isHalf = inLow!.size > 0 && inHigh!.size === 0
      const without = [...inLow!].map(
        ([writer, is]) => ` without ${writer}:${is[0]?.first}-${is[0]?.last}${isHalf ? ' of the low' : ''}`,
      )
      return `${source.id}${without.join('')}${mayRepeat ? ' repeats' : ''}`
    })
    t.strictSame(chosen, want, name)
  }
})

t.test('chooseSources() loses nothing, and repeats nothing across ranks', async () => {
  const interval = fc.tuple(fc.nat(30), fc.nat(8)).map(([first, length]) => ({ first, last: first + length }))
  const covered = fc
    .uniqueArray(fc.constantFrom('a', 'b'), { minLength: 1 })
    .chain((writers) =>
      fc.tuple(...writers.map((writer) => interval.map((i) => ({ writer, intervals: [i] })))),
    )
  const partition = fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => ({
    first: Math.min(a, b) === 0 ? 0 : partitionOf(inOrder[Math.min(a, b)]!),
    last: Math.max(a, b) === 3 ? wholePartition.last : partitionOf(inOrder[Math.max(a, b) + 1]!) - 1,
  }))
  const source = fc.record({ rank: fc.nat(3), covered, partition, id: fc.uuid() })
  fc.assert(
    fc.property(fc.array(source, { maxLength: 8 }), (sources) => {
      const chosen = chooseSources(sources)
      for (const labels of inOrder) {
        const place = { first: partitionOf(labels), last: partitionOf(labels) }
        for (const writer of ['a', 'b']) {
          for (let seq = 0; seq < 40; seq++) {
            const has = (c: { readonly covered: readonly Covered[]; readonly partition: typeof place }) =>
              partitionContains(c.partition, place) && containsSeq(unionCovered([c.covered]), writer, seq)
            const before = sources.filter(has)
            const after = chosen.filter(
              (c) => has(c.source) && !(c.exclude && containsSeq(c.exclude(labels), writer, seq)),
            )
            if (before.length > 0 && after.length === 0) throw new Error(`lost ${writer}:${seq}`)
            if (new Set(after.map((c) => c.source.rank)).size > 1)
              throw new Error(`repeated ${writer}:${seq}`)
            if (after.length > 1 && !after.every((c) => c.mayRepeat))
              throw new Error(`unmarked ${writer}:${seq}`)
          }
        }
      }
    }),
    { numRuns: 300 },
  )
})

t.test('coversAll() and coversAny() see gaps', async (t) => {
  const set = unionCovered([readSource('1 x a:1-5,a:6-9,a:20-30').covered])
  t.equal(coversAll(set, readSource('1 x a:2-9').covered), true, 'adjacent intervals are one')
  t.equal(coversAll(set, readSource('1 x a:9-10').covered), false)
  t.equal(coversAny(set, readSource('1 x a:9-10').covered), true)
  t.equal(coversAny(set, readSource('1 x a:10-19').covered), false)
  t.equal(coversAny(set, readSource('1 x b:1-1').covered), false)
})

/** `rank id writer:first-last,…` */
/** Sources whose names begin with low or high hold a half of all series. */
function readSource(text: string): Source {
  const [rank, id, intervals] = text.split(' ') as [string, string, string?]
  const byWriter = new Map<string, { first: number; last: number }[]>()
  for (const part of intervals?.split(',') ?? []) {
    const [writer, range] = part.split(':') as [string, string]
    const [first, last] = range.split('-').map(Number) as [number, number]
    byWriter.set(writer, [...(byWriter.get(writer) ?? []), { first, last }])
  }
  const half = partitionOf(inOrder[2]!)
  const { first, last } = wholePartition
  return {
    rank: Number(rank),
    id,
    covered: [...byWriter].map(([writer, i]) => ({ writer, intervals: i })),
    partition: { first: id.startsWith('high') ? half : first, last: id.startsWith('low') ? half - 1 : last },
  }
}
