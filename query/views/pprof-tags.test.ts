import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { compareReports } from '../testdata/compare-reports.ts'
import { labelledProfile } from '../testdata/labelled-profile.ts'
import { mergedFromText } from '../testdata/merged-from-text.ts'
import type { PprofReport } from '../testdata/pprof-session.ts'
import { tags } from './tags.ts'
import { top } from './top.ts'
import type { ViewOptions } from './view-options.ts'

const body = labelledProfile([
  { stack: ['main', 'a'], value: 1, texts: { user: 'ann', zone: 'eu' }, numbers: { bytes: [100, 'bytes'] } },
  { stack: ['main', 'a'], value: 2, texts: { user: 'bob', zone: 'eu' }, numbers: { bytes: [2048, 'bytes'] } },
  {
    stack: ['main', 'b'],
    value: 4,
    texts: { user: 'bob', zone: 'us' },
    numbers: { bytes: [65536, 'bytes'] },
  },
  { stack: ['main', 'b'], value: 8, texts: { user: ['ann', 'bob'] }, numbers: { bytes: [3, 'kilobytes'] } },
  { stack: ['main', 'b', 'c'], value: 16, numbers: { request: 512, bytes: [-1, 'bytes'] } },
  { stack: ['main', 'c'], value: 32, numbers: { wait: [1500, 'milliseconds'], depth: 7 } },
  { stack: ['main', 'a', 'c'], value: 64 },
])

const tagFilters = [
  'ann',
  'user',
  'user:b',
  'user=ann',
  'user=ann,bob',
  'ann,bob',
  'zone=.',
  'zone=^e',
  'nobody=x',
  'user=',
  '100',
  '100b',
  '100B',
  '2kb',
  '2kb:',
  ':2kb',
  '1kb:10kb',
  'bytes=1kb:10kb',
  'bytes=64kb',
  'bytes=:0',
  'bytes=-1b:',
  'wait=1s:2s',
  'wait=1500ms',
  '1s:',
  'depth=7',
  'depth=7depth',
  'depth=5:9',
  'request=512',
  'request=:1kb',
  '1kb:2s',
  '10kb:1kb',
  '7x:',
  'user=1kb',
]

t.test('tag filters read as those of go tool pprof', async (t) => {
  const file = join(t.testdir(), 'labelled.pb')
  writeFileSync(file, body)
  const merged = profileFromPprof(body)
  const options: ViewOptions[] = [
    {},
    ...tagFilters.flatMap((tag) => [{ tagFocus: tag }, { tagIgnore: tag }]),
    { tagShow: 'user' },
    { tagShow: 'e', tagHide: 'zone|bytes' },
    { tagHide: 'user', focus: 'b' },
    { tagFocus: 'user=bob', tagHide: 'user' },
  ]
  const reports = options.flatMap((each) =>
    (['top', 'tags', 'dot', 'traces'] as const).map(
      // pprof tells numbers of other units otherwise; what the filters leave shows in `top`.
      (command): PprofReport => ({ command, sampleType: 'samples', unit: 'minimum', options: each }),
    ),
  )
  const told = reports.filter(({ command }) => command !== 'tags')
  await compareReports(t, { sources: [file], merged }, told)
})

t.test('tags() tells every value under its key, with one unit per key', async (t) => {
  const answer = tags(profileFromPprof(body), 0)
  t.equal(answer.total, '127')
  t.strictSame(
    answer.tags.map(({ key, unit, total, values }) => [
      `${key} ${unit} ${total}`,
      values.map(({ value, total }) => `${value} ${total}`),
    ]),
    [
      ['bytes bytes 31', ['-1 16', '3 8', '65536 4', '2048 2', '100 1']],
      ['depth depth 32', ['7 32']],
      ['request bytes 16', ['512 16']],
      ['user  23', ['bob 14', 'ann 9']],
      ['wait milliseconds 32', ['1500 32']],
      ['zone  7', ['us 4', 'eu 3']],
    ],
  )
})

t.test('a tag filter and its opposite share out what there is', async (t) => {
  const merged = profileFromPprof(body)
  for (const tag of tagFilters) {
    const focused = top(merged, 0, { tagFocus: tag })
    const ignored = top(merged, 0, { tagIgnore: tag })
    t.equal(Number(focused.sum) + Number(ignored.sum), 127, tag)
    t.equal(focused.total, '127', 'total is of everything')
  }
})

t.test('a tag filter that cannot be read is an error that names its parameter', async (t) => {
  const merged = mergedFromText('main 1')
  t.throws(() => top(merged, 0, { tagFocus: 'user=(' }), { code: 'BAD_VIEW_OPTION', parameter: 'tagfocus' })
  t.throws(() => top(merged, 0, { tagIgnore: '99999999999999999999kb:' }), {
    message: 'parameter "tagignore": "99999999999999999999kb:": want numbers of 64 bits',
  })
})
