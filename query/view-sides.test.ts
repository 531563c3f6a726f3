import t from 'tap'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { memorySource } from '../block/memory-source.ts'
import { openBlock } from '../block/open-block.ts'
import { sortLabels } from '../profile/labels.ts'
import type { SeriesPart } from './select.ts'
import { type CorpusFile, corpusFiles } from './testdata/corpus-files.ts'
import { mergeSides, type ViewSide } from './view-sides.ts'

const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER / 2, agg: 'sum' } as const

/** One block of some profiles, a pod each, whose parts come in their order. */
async function partsOf(files: readonly CorpusFile[]): Promise<SeriesPart[]> {
  const builder = createBlockBuilder()
  for (const [seq, { program, type, timeMs, body }] of files.entries()) {
    const labels = sortLabels([
      ['pod', String(seq)],
      ['profile_type', type],
      ['service_name', program],
    ])
    builder.append(
      { labels, timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body },
      { writer: 'w', seq },
    )
  }
  const { key, bytes } = builder.encode()!
  const reader = await openBlock(memorySource(key, bytes))
  const parts: SeriesPart[] = []
  for (const pod of files.keys()) {
    const series = reader.select([]).find((each) => reader.labels(each)['pod'] === String(pod))!
    const [rows] = await reader.rows([series])
    parts.push({ reader, series, rows: rows!, firstRow: 0, lastRow: rows!.length - 1 })
  }
  return parts
}

const stored = (...parts: SeriesPart[]): ViewSide => ({ kind: 'stored', parts, range })
const [first, second] = corpusFiles('etcd', 'heap')
const [cpu] = corpusFiles('etcd', 'cpu')

t.test('mergeSides() leaves symbols where they are while both sides are of one place', async (t) => {
  const [a, b] = await partsOf([first!, second!])
  const own = await a!.reader.dictionary(a!.reader.entry(a!.series).service)
  const near = await mergeSides({ profile: stored(a!), base: stored(b!) }, {})
  t.equal(near.profile.symbols, own)
  t.equal(near.base?.symbols, own)
  const [other] = await partsOf([second!])
  const far = await mergeSides({ profile: stored(a!), base: stored(other!) }, {})
  t.not(far.profile.symbols, own)
  t.equal(far.profile.symbols, far.base?.symbols)
  for (const type of near.profile.values.keys()) {
    t.equal(far.profile.values[type]!.total(), near.profile.values[type]!.total())
    t.equal(far.base!.values[type]!.total(), near.base!.values[type]!.total())
    t.ok(far.profile.values[type]!.length >= far.profile.symbols.keyCount)
  }
})

t.test('mergeSides() fills up a side that has nothing', async (t) => {
  const [a] = await partsOf([first!])
  for (const sides of [
    { profile: stored(a!), base: stored() },
    { profile: stored(), base: stored(a!) },
  ]) {
    const { profile, base } = await mergeSides(sides, { type: 'inuse_space' })
    t.strictSame(profile.sampleTypes, [{ type: 'inuse_space', unit: 'bytes' }])
    t.strictSame(base?.sampleTypes, profile.sampleTypes)
    t.equal(base?.symbols, profile.symbols)
    const totals = [profile.values[0]!.total(), base!.values[0]!.total()]
    t.strictSame(
      totals.map((total) => total > 0n),
      sides.base.kind === 'stored' && sides.base.parts.length === 0 ? [true, false] : [false, true],
    )
  }
})

t.test('mergeSides() wants a sample type in common', async (t) => {
  const [a] = await partsOf([first!])
  const [b] = await partsOf([cpu!])
  await t.rejects(mergeSides({ profile: stored(a!), base: stored(b!) }, {}), {
    code: 'NO_VIEW',
    message:
      /^show profile: the profile has .*inuse_space\/bytes, its base has samples\/count, cpu\/nanoseconds: want/,
  })
})
