import { instance } from '@viz-js/viz'
import t from 'tap'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { inOneDictionary } from '../testdata/in-one-dictionary.ts'
import { labelledProfile } from '../testdata/labelled-profile.ts'
import { mergedFromText } from '../testdata/merged-from-text.ts'
import { dot } from './dot.ts'

t.test('dot() is what Graphviz draws, whatever names hold', async (t) => {
  const merged = mergedFromText(
    String.raw`
      main;say"hi";back\slash 3
      main;<script>;ns::T::m<int> 4
      main;[x]->{y};pkg.(*T[...]).m 5
      main;@lib.so;f 1
    `,
  )
  const text = dot(merged, 0)
  const viz = await instance()
  for (const each of [text, dot(mergedFromText(''), 0)]) {
    const { status, errors, output } = viz.render(each, { format: 'svg' })
    t.equal(status, 'success')
    t.strictSame(errors, [], 'not even a warning')
    t.match(output, /<svg/)
  }
  t.match(text, /tooltip="say\\"hi\\" \(3\)"/)
  t.match(text, /flat="0" cum="13"/)
})

t.test('dot() of a comparison shows differences, in two colours', async (t) => {
  const [merged, base] = inOneDictionary(
    mergedFromText('main;more 9\nmain;same 2'),
    mergedFromText('main;less 5\nmain;same 2'),
  )
  const text = dot(merged!, 0, { base: base! })
  const node = (name: string) => text.split('\n').find((line) => line.includes(`tooltip="${name} (`)) ?? ''
  t.match(node('more'), /label="more\\n9 \(128.57%\)"/)
  t.match(node('less'), /label="less\\n-5 \(71.43%\)"/)
  t.equal(node('same'), '', 'what is equal is no node')
  const color = (name: string) => /fillcolor="(#\w+)"/.exec(node(name))?.[1]
  t.not(color('more'), color('less'))
})

t.test('labels of samples hang on their nodes', async (t) => {
  const samples = [64, 128, 256, 512, 1024, 1100].map((bytes, index) => ({
    stack: ['main', 'alloc'],
    value: 10 - index,
    numbers: { bytes: [bytes, 'bytes'] as const },
    ...(index === 0 ? { texts: { user: 'ann' } } : {}),
  }))
  const text = dot(profileFromPprof(labelledProfile(samples)), 0)
  t.match(text, /N\d_t0 \[label="user:ann"/)
  t.match(text, /label="1kB\.\.1\.07kB"/, 'close numbers share a box')
  const viz = await instance()
  t.strictSame(viz.render(text, { format: 'svg' }).errors, [])
})
