import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { z } from 'zod'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { corpusFiles } from '../testdata/corpus-files.ts'
import { mergedFromText } from '../testdata/merged-from-text.ts'
import { speedscope } from './speedscope.ts'

/** What the program that we ship reads. */
const schema = z.fromJSONSchema(
  JSON.parse(
    readFileSync(
      new URL('../../node_modules/speedscope/dist/release/file-format-schema.json', import.meta.url),
      'utf8',
    ),
  ),
)

t.test('speedscope() has a stack for each line, outermost first', (t) => {
  const merged = mergedFromText(`
    main;work 3
    main;work+inlined 4
    main 1
    @0x10;main 2
  `)
  const base = mergedFromText('main;idle 5')
  const file = speedscope([
    { name: 'now', merged, sampleType: 0 },
    { name: 'before', merged: base, sampleType: 0 },
  ])
  t.equal(schema.safeParse(file).error, undefined)
  const named = file.profiles.map(({ name, unit, endValue, samples, weights }) => ({
    name,
    unit,
    endValue,
    stacks: samples
      .map((stack, i) => `${stack.map((at) => file.shared.frames[at]!.name).join(';')} ${weights[i]}`)
      .sort(),
  }))
  t.strictSame(named, [
    {
      name: 'now: samples',
      unit: 'none',
      endValue: 10,
      stacks: ['0x10;main 2', 'main 1', 'main;work 3', 'main;work;inlined 4'],
    },
    { name: 'before: samples', unit: 'none', endValue: 5, stacks: ['main;idle 5'] },
  ])
  t.equal(file.shared.frames.filter(({ name }) => name === 'main').length, 1)
  t.end()
})

for (const [program, type] of [
  ['etcd', 'cpu'],
  ['kube-apiserver', 'heap'],
  ['prometheus', 'goroutine'],
] as const) {
  t.test(`speedscope() of ${program} ${type} is as its schema says`, (t) => {
    const merged = profileFromPprof(gunzipSync(corpusFiles(program, type)[0]!.body))
    for (const [sampleType, { type: name }] of merged.sampleTypes.entries()) {
      const file = speedscope([{ name: program, merged, sampleType }])
      t.equal(schema.safeParse(file).error, undefined, name)
      const [profile] = file.profiles
      t.equal(BigInt(profile!.endValue), merged.values[sampleType]!.total(), 'the whole of it')
      t.ok(profile!.samples.every((stack) => stack.every((at) => at < file.shared.frames.length)))
    }
    t.end()
  })
}

t.test('the schema refuses what is none', (t) => {
  t.not(schema.safeParse({ profiles: [] }).error, undefined)
  t.end()
})
