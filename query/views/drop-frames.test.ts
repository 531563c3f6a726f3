import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { encodeMergedProfile } from '../../profile/encode-merged.ts'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { mergedView } from '../merged-view.ts'
import { compareReports } from '../testdata/compare-reports.ts'
import { inOneDictionary } from '../testdata/in-one-dictionary.ts'
import { mergeThroughBlock } from '../testdata/merge-through-block.ts'
import { pprofFromText } from '../testdata/merged-from-text.ts'
import type { PprofReport } from '../testdata/pprof-session.ts'
import { collapsed } from './collapsed.ts'
import { withoutDroppedFrames } from './drop-frames.ts'

const drawn = `
  main;serve;malloc;grow 1
  main;serve;malloc(unsigned long);grow 2
  main;serve+malloc+grow;read 4
  main;serve+copy;malloc+grow 8
  main;serve+malloc;read;malloc 16
  malloc;main;serve 32
  malloc;grow 64
  malloc+grow;main;malloc 128
  main;mallocHook;malloc 256
  main;.malloc;grow 512
  main;@0x10;malloc 1024
  main;@lib.so;serve 2048
  main;(anonymous namespace)::malloc;grow 4096
`
const frames = [
  { drop: 'malloc.*', keep: 'mallocHook' },
  { drop: 'malloc' },
  { drop: 'grow|read' },
  { drop: 'alloc' },
  { drop: 'main' },
  { drop: '\\(anonymous namespace\\)::malloc|copy' },
  { keep: 'malloc' },
]

const commands = ['top', 'peek', 'traces', 'dot'] as const
const reports = [{}, { focus: 'malloc' }, { focus: 'grow', hide: 'serve' }, { showFrom: 'serve' }].flatMap(
  (options) =>
    commands.map(
      (command): PprofReport => ({
        ...{ command, sampleType: 'samples', unit: 'minimum' },
        options: { peek: '.', ...options },
      }),
    ),
)

for (const given of frames) {
  t.test(`views leave out what go tool pprof does: ${JSON.stringify(given)}`, async (t) => {
    const folder = t.testdir()
    const file = join(folder, 'given.pb')
    const body = pprofFromText(drawn, given)
    writeFileSync(file, body)
    const profile = profileFromPprof(body)
    const { profile: merged } = withoutDroppedFrames({ profile, warnings: [] })
    await compareReports(t, { sources: [file], merged }, reports)
    // What is downloaded says the same of itself, and is read as the profile was.
    const download = join(folder, 'download.pb')
    writeFileSync(download, encodeMergedProfile(profile))
    await compareReports(t, { sources: [download], merged }, reports)
    const { dropFrames, keepFrames } = profileFromPprof(encodeMergedProfile(profile))
    t.strictSame([dropFrames, keepFrames], [given.drop ?? '', given.keep ?? ''])
  })
}

t.test('a merge keeps what its first profile says, and its views leave it out', async (t) => {
  const body = pprofFromText('main;malloc;grow 1', { drop: 'malloc', keep: 'kept' })
  const merged = await mergeThroughBlock([
    { program: 'made', type: 'samples', timeMs: 1000, path: '', body: gzipSync(body) },
  ])
  t.match(merged, { dropFrames: 'malloc', keepFrames: 'kept' })
  const sides = { profile: { kind: 'file', bytes: body } } as const
  const view = { format: 'collapsed', type: 'samples', sampleTypes: merged.sampleTypes } as const
  t.equal(new TextDecoder().decode((await mergedView(sides, view)).bytes), 'main 1\n')
})

t.test('both sides of a comparison lose what the first says', async (t) => {
  const bodies = [
    pprofFromText(drawn, { drop: 'malloc' }),
    pprofFromText('main;serve;malloc 7\nmain;read 9', { drop: 'read' }),
  ]
  const folder = t.testdir()
  const files = bodies.map((body, i) => {
    const file = join(folder, `${i}.pb`)
    writeFileSync(file, body)
    return file
  })
  const [profile, base] = inOneDictionary(...bodies.map(profileFromPprof))
  const sides = withoutDroppedFrames({ profile: profile!, base: base!, warnings: [] })
  const compared = reports.filter(({ command }) => command !== 'traces')
  const sources = [`-diff_base=${files[1]}`, files[0]!]
  await compareReports(t, { sources, merged: sides.profile, base: sides.base! }, compared)
})

t.test('an expression that cannot be read drops nothing, and is said', async (t) => {
  for (const [given, warning] of [
    [{ drop: '(' }, 'no frames were dropped: drop_frames of the profile "(": '],
    [{ drop: 'malloc', keep: '[' }, 'no frames were dropped: keep_frames of the profile "[": '],
  ] as const) {
    const profile = profileFromPprof(pprofFromText('main;malloc 1', given))
    const { profile: merged, warnings } = withoutDroppedFrames({ profile, warnings: ['another'] })
    t.equal(collapsed(merged, 0), 'main;malloc 1\n')
    t.equal(warnings[0], 'another')
    t.ok(warnings[1]!.startsWith(warning), String(warnings[1]))
  }
})
