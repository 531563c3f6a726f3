import t from 'tap'
import { encodeMergedProfile } from '../../profile/encode-merged.ts'
import { mergedFromText } from '../../query/testdata/merged-from-text.ts'
import { mergeSides } from '../../query/view-sides.ts'
import { flamegraph } from '../../query/views/flamegraph.ts'
import { peek } from '../../query/views/peek.ts'
import { top } from '../../query/views/top.ts'
import { formatPeek } from './format-peek.ts'
import { formatDiff, formatTop } from './format-top.ts'
import { formatTree } from './format-tree.ts'

const profile = mergedFromText(`
  main;work 60
  main;work;deep 30
  main;idle 9
  main;odd\u001b[31m 1
`)
const lines = (text: string) => text.split('\n').slice(0, -1)

t.test('formatTop() is aligned, cut where it is told, and harmless to terminals', (t) => {
  t.strictSame(lines(formatTop(top(profile, 0), { nodeCount: 3 })), [
    'samples: 100 in a profile',
    '3 of 5 nodes, 99, 99.00% of 100',
    '      flat   flat%    sum%        cum    cum%',
    '        60  60.00%  60.00%         90  90.00%  work',
    '        30  30.00%  90.00%         30  30.00%  deep',
    '         9   9.00%  99.00%          9   9.00%  idle',
  ])
  const all = formatTop(top(profile, 0), { nodeCount: 0 })
  t.match(all, /\n5 nodes, 100, 100% of 100\n/)
  t.match(all, / {2}odd\?\[31m\n/)
  t.end()
})

t.test('formatTree() leaves out what is small, and says how much', (t) => {
  t.strictSame(lines(formatTree(flamegraph(profile, 0), { fraction: 0.2 })), [
    'samples: 100 in a profile',
    '     total  total%       self',
    '       100    100%          0  total',
    '       100    100%          0    main',
    '        90  90.00%         60      work',
    '        30  30.00%         30        deep',
    '        10  10.00%          0      (2 more)',
  ])
  t.end()
})

t.test('formatPeek() has callers above and callees below', (t) => {
  t.strictSame(lines(formatPeek(peek(profile, 0, { peek: 'work' }))).slice(3), [
    '----------------------------------------------------------+-------------',
    '                                                    90    100% |   main',
    '        60  60.00%  60.00%         90  90.00%                  | work',
    '                                                    30  33.33% |   deep',
    '----------------------------------------------------------+-------------',
  ])
  t.end()
})

t.test('formatDiff() begins with what changed most', async (t) => {
  const side = (text: string) => ({ kind: 'file', bytes: encodeMergedProfile(mergedFromText(text)) }) as const
  const sides = {
    profile: side('main;work 50\nmain;idle 9\nmain;added 4'),
    base: side('main;work 60\nmain;idle 8\nmain;removed 3\nmain;same 1\nmain;same 1'),
  }
  const { profile, base } = await mergeSides(sides, {})
  const diff = top(profile, 0, { base })
  t.strictSame(lines(formatDiff(diff, { nodeCount: 3, by: 'flat' })), [
    'samples: 63 in a profile',
    'base: 73 in a profile',
    '3 of 5 nodes that changed, by flat',
    '      base    profile      change   change%',
    '        60         50         -10      -17%  work',
    '         0          4          +4       new  added',
    '         3          0          -3      gone  removed',
  ])
  t.match(
    formatDiff(diff, { nodeCount: 1, by: 'cum' }),
    /\n1 of 6 nodes that changed, by cum\n.*\n {8}60 {9}50 {9}-10 {6}-17% {2}work\n/,
  )
  const short = { ...diff, coveredSeconds: 10, base: { ...diff.base!, coveredSeconds: 60 } }
  t.match(
    formatDiff(short, { nodeCount: 1, by: 'flat' }),
    /\nthey cover 10 s and 60 s: --normalize makes them comparable\n/,
  )
})
