import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { encodeMergedProfile } from '../../profile/encode-merged.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { corpusFiles } from '../testdata/corpus-files.ts'
import { inOneDictionary } from '../testdata/in-one-dictionary.ts'
import { mergedFromText } from '../testdata/merged-from-text.ts'
import { type PprofReport, pprofReports } from '../testdata/pprof-session.ts'
import { readPeek, readTop, readTotal } from '../testdata/read-pprof.ts'
import { filteredProfile, filterWarnings } from './filtered-profile.ts'
import type { ViewOptions } from './view-options.ts'

const filters: readonly ViewOptions[] = [
  { focus: 'scrape', hide: '^runtime\\.' },
  { ignore: 'tsdb', noInlines: true },
  { show: 'prometheus|main' },
  { showFrom: 'scrape|tsdb', pruneFrom: 'append' },
  { tagFocus: 'bytes=64b:1kb' },
  { tagHide: 'bytes' },
]

t.test('a filtered download is what go tool pprof makes of the whole with the same filters', async (t) => {
  const file = corpusFiles('prometheus', 'heap').at(-1)!
  const merged = profileFromPprof(gunzipSync(file.body))
  const reports = filters.map(
    (options): PprofReport => ({ command: 'top', sampleType: 'inuse_space', unit: 'B', options }),
  )
  const wanted = await pprofReports(t, [file.path], reports)
  if (wanted === undefined) return
  const folder = t.testdir()
  for (const [index, options] of filters.entries()) {
    const path = join(folder, `${index}.pb`)
    writeFileSync(path, encodeMergedProfile(filteredProfile(merged, options)))
    const plain = { ...reports[index]!, options: {} }
    const [text] = (await pprofReports(t, [path], [plain]))!
    t.ok(readTop(text!).length > 0, 'something is left')
    t.strictSame(readTop(text!), readTop(wanted[index]!), JSON.stringify(options))
  }
})

t.test('the download of a comparison is read as -diff_base', async (t) => {
  const [before, after] = [corpusFiles('etcd', 'cpu')[0]!, corpusFiles('etcd', 'cpu').at(-1)!]
  const [merged, base] = inOneDictionary(
    profileFromPprof(gunzipSync(after.body)),
    profileFromPprof(gunzipSync(before.body)),
  )
  const reports: PprofReport[] = merged!.sampleTypes.flatMap(({ type, unit }) =>
    (['top', 'peek'] as const).map((command) => ({
      command,
      sampleType: type,
      unit: unit === 'nanoseconds' ? 'ns' : unit,
      options: { peek: '.' },
    })),
  )
  const path = join(t.testdir(), 'diff.pb')
  writeFileSync(path, encodeMergedProfile(filteredProfile(merged!, { base })))
  const ours = await pprofReports(t, [path], reports)
  const theirs = await pprofReports(t, [`-diff_base=${before.path}`, after.path], reports)
  if (ours === undefined || theirs === undefined) return
  for (const [index, { command, sampleType }] of reports.entries()) {
    const read = command === 'top' ? readTop : readPeek
    t.strictSame(read(ours[index]!), read(theirs[index]!), `${command} ${sampleType}`)
    t.equal(readTotal(ours[index]!), readTotal(theirs[index]!), 'total')
  }
})

t.test('without a filter a download is the profile, and warnings say what matches nothing', async (t) => {
  const merged = mergedFromText('main;f 5\nmain;@lib.so 2')
  t.strictSame(total(t, filteredProfile(merged, {})), 7n)
  t.strictSame(filterWarnings(merged, { focus: 'f|lib' }), [])
  t.strictSame(
    filterWarnings(merged, {
      focus: 'nobody',
      ignore: 'nothing',
      hide: 'no one',
      show: 'none',
      showFrom: 'nowhere',
      pruneFrom: 'never',
      tagFocus: 'a=b',
      tagIgnore: 'c',
    }),
    [
      'focus "nobody" matches no frame',
      'ignore "nothing" matches no frame',
      'hide "no one" matches no frame',
      'show "none" matches no frame',
      'show_from "nowhere" matches no frame',
      'prune_from "never" matches no frame',
    ],
  )
  t.strictSame(filterWarnings(merged, { tagFocus: 'a=b' }), ['tagfocus "a=b" matches no sample'])
})

function total(t: Test, merged: MergedProfile): bigint {
  const again = profileFromPprof(encodeMergedProfile(merged))
  t.equal(again.sampleTypes.length, merged.sampleTypes.length)
  return again.values[0]!.total()
}
