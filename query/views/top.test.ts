import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { sortLabels } from '../../profile/labels.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { mergeProfiles } from '../merge-profiles.ts'
import { type CorpusFile, corpusFiles } from '../testdata/corpus-files.ts'
import { goToolPprof } from '../testdata/go-tool-pprof.ts'
import { top } from './top.ts'

const series = [
  ['etcd', 'cpu'],
  ['etcd', 'heap'],
  ['etcd', 'mutex'],
  ['kube-apiserver', 'heap'],
  ['kube-apiserver', 'goroutine'],
  ['prometheus', 'cpu'],
  ['prometheus', 'block'],
] as const

for (const [program, type] of series) {
  t.test(`top() says what go tool pprof says: ${program} ${type}`, async (t) => {
    const files = corpusFiles(program, type)
    const single = files.at(-1)!
    await compare(t, [single], profileFromPprof(gunzipSync(single.body)))
    await compare(t, files, await mergeThroughBlock(files))
  })
}

async function compare(t: Test, files: readonly CorpusFile[], merged: MergedProfile): Promise<void> {
  for (const [index, { type, unit }] of merged.sampleTypes.entries()) {
    const text = await goToolPprof(t, [
      '-top',
      '-nodecount=10000000',
      '-nodefraction=0',
      `-unit=${unit === 'nanoseconds' ? 'ns' : unit === 'bytes' ? 'B' : unit}`,
      `-sample_index=${type}`,
      ...files.map(({ path }) => path),
    ])
    if (text === undefined) return
    const { functions, total } = top(merged, index)
    // pprof leaves out what is zero, and prints doubles: both are compared as it prints them.
    const ours = functions
      .filter(({ cum }) => cum !== '0')
      .map(({ name, flat, cum }) => `${Number(flat)} ${Number(cum)} ${name}`)
      .sort()
    const { lines, total: wanted } = readTop(text)
    t.strictSame(ours, lines.sort(), `${type} over ${files.length}`)
    if (lines.length > 0) t.equal(Number(total), wanted, 'total')
  }
}

/** `flat flat% sum% cum cum% name (inline)` after the line that begins with "flat". */
function readTop(text: string): { lines: string[]; total: number } {
  const rows = text.split('\n')
  const start = rows.findIndex((row) => /^\s*flat\s+flat%/.test(row))
  const lines = rows
    .slice(start + 1)
    .map((row) => /^\s*(\S+)\s+\S+\s+\S+\s+(\S+)\s+\S+\s+(.*)$/.exec(row))
    .filter((match) => match !== null)
    .map(
      ([, flat, cum, name]) =>
        `${amount(flat!)} ${amount(cum!)} ${name!.replace(/ \((?:partial-)?inline\)$/, '')}`,
    )
    .filter((line) => !line.startsWith('0 0 '))
  const total = /(\S+) total/.exec(text)?.[1] ?? '0'
  return { lines, total: amount(total) }
}

function amount(text: string): number {
  return Number.parseFloat(text)
}

/** Through a block and a merge, as a query would. */
async function mergeThroughBlock(files: readonly CorpusFile[]): Promise<MergedProfile> {
  const builder = createBlockBuilder()
  for (const [seq, { program, type, timeMs, body }] of files.entries()) {
    const labels = sortLabels([
      ['job', program],
      ['service_name', program],
      ['profile_type', type],
    ])
    builder.append(
      { labels, timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body },
      { writer: 'w', seq },
    )
  }
  const block = builder.encode()!
  const reader = await openBlock(memorySource(block.key, block.bytes))
  const [ref] = reader.select([])
  const [rows] = await reader.rows([ref!])
  const part = { reader, series: ref!, rows: rows!, firstRow: 0, lastRow: rows!.length - 1 }
  return mergeProfiles([part], { startMs: 0, endMs: Number.MAX_SAFE_INTEGER, agg: 'sum' })
}
