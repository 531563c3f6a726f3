import t from 'tap'
import type { ScrapeConfigSpec } from '../../collector/config/scrape-config-resource.ts'
import type { PlannedTarget } from '../targets/decision.ts'
import type { ActualObject, DesiredObject } from './plan-objects.ts'
import { replacedLater } from './replaced-later.ts'

/** `0 a b`: an object of shard 0 with two targets. */
function objects(drawn: Readonly<Record<string, string>>): Map<string, ActualObject & DesiredObject> {
  return new Map(
    Object.entries(drawn).map(([name, text]) => {
      const [shard, ...uids] = text.split(' ')
      const targets = uids.map((uid) => ({ uid, address: '10.0.0.1:6060', labels: {} }))
      const job = { pathPrefix: '' } as ScrapeConfigSpec['job']
      const spec = { shard: Number(shard), epoch: 1, job, groups: [{ labels: {}, targets }] }
      const planned = uids.map((uid) => ({ key: `${uid}/6060` }) as PlannedTarget)
      const rest = { uid: name, resourceVersion: '1', startAfterMs: new Map() }
      return [name, { ...rest, name, shard: Number(shard), spec, targets: planned }]
    }),
  )
}

t.test('an object goes once those that replace it are written', async (t) => {
  const cases: readonly (readonly [
    string,
    { actual: Record<string, string>; desired: Record<string, string>; unwritten: string },
    string,
  ])[] = [
    [
      'one that is split stays until both halves are there',
      { actual: { one: '0 a b', half: '0 a' }, desired: { half: '0 a', rest: '0 b' }, unwritten: 'rest one' },
      'one',
    ],
    [
      'with both of them it goes',
      {
        actual: { one: '0 a b', half: '0 a', rest: '0 b' },
        desired: { half: '0 a', rest: '0 b' },
        unwritten: 'one',
      },
      '',
    ],
    [
      'what nobody shall scrape any more goes at once',
      { actual: { one: '0 a b' }, desired: { rest: '0 b' }, unwritten: 'rest one' },
      '',
    ],
    [
      'what another shard shall scrape goes first',
      { actual: { one: '0 a b' }, desired: { rest: '1 a b' }, unwritten: 'rest one' },
      '',
    ],
    [
      'what has nothing to do with it goes',
      { actual: { one: '0 a', two: '0 c' }, desired: { rest: '0 a' }, unwritten: 'rest one two' },
      'one',
    ],
  ]
  for (const [what, { actual, desired, unwritten }, expected] of cases) {
    const later = replacedLater(unwritten.split(' '), objects(desired), objects(actual))
    t.equal([...later].join(' '), expected, what)
  }
})
