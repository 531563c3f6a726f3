import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { corpusFiles } from '../testdata/corpus-files.ts'
import { inOneDictionary } from '../testdata/in-one-dictionary.ts'
import { mergedFromText } from '../testdata/merged-from-text.ts'
import { pprofReports } from '../testdata/pprof-session.ts'
import { readList } from '../testdata/read-pprof.ts'
import { source } from './source.ts'

for (const [program, type, list] of [
  ['prometheus', 'heap', 'scrape|tsdb'],
  ['kube-apiserver', 'cpu', '.'],
] as const) {
  t.test(`lines are those of go tool pprof -list: ${program} ${type}`, async (t) => {
    const file = corpusFiles(program, type).at(-1)!
    const merged = profileFromPprof(gunzipSync(file.body))
    const index = merged.defaultSampleType
    const answer = source(merged, index, { list })
    // It lists lines only where it finds the file: any text will do.
    const folder = t.testdir()
    const lastLines = new Map<string, number>()
    for (const { file, lines } of answer.functions)
      lastLines.set(file, Math.max(lastLines.get(file) ?? 0, lines.at(-1)!.line + 10))
    for (const [file, count] of lastLines) {
      mkdirSync(join(folder, dirname(file)), { recursive: true })
      writeFileSync(join(folder, file), 'x\n'.repeat(count))
    }
    const { type: sampleType, unit } = merged.sampleTypes[index]!
    const exact = unit === 'bytes' ? 'B' : 'ns'
    const texts = await pprofReports(
      t,
      [`-source_path=${folder}`, file.path],
      [{ command: 'list', sampleType, unit: exact, options: { list } }],
    )
    if (texts === undefined) return
    const ours = answer.functions.flatMap(({ name, file, flat, cum, lines }) => [
      `${Number(flat)} ${Number(cum)} ${name} in ${file}`,
      ...lines.map((each) => `${Number(each.flat)} ${Number(each.cum)} ${name} in ${file}:${each.line}`),
    ])
    const theirs = readList(texts[0]!)
    t.ok(theirs.length > 50, 'it found the files')
    t.strictSame(ours.sort(), theirs)
  })
}

t.test('source() sorts functions by cum and has both sides of each line', async (t) => {
  const [merged, base] = inOneDictionary(mergedFromText('main;f 5\nmain;g 2'), mergedFromText('main;g 3'))
  t.strictSame(source(merged!, 0, { base: base!, list: '^[fg]$' }).functions, [
    {
      name: 'f',
      file: 'f.go',
      startLine: 0,
      flat: '5',
      cum: '5',
      baseFlat: '0',
      baseCum: '0',
      lines: [{ line: 1, flat: '5', cum: '5', baseFlat: '0', baseCum: '0' }],
    },
    {
      name: 'g',
      file: 'g.go',
      startLine: 0,
      flat: '2',
      cum: '2',
      baseFlat: '3',
      baseCum: '3',
      lines: [{ line: 1, flat: '2', cum: '2', baseFlat: '3', baseCum: '3' }],
    },
  ])
})
