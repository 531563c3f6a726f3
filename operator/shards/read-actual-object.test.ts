import t from 'tap'
import { readActualObject } from './read-actual-object.ts'

const spec = {
  shard: 2,
  epoch: 7,
  job: {
    owner: 'annotations',
    jobName: 'annotations',
    scheme: 'http',
    pathPrefix: '',
    interval: '60s',
    timeout: '10s',
    profiles: [{ type: 'heap', path: '/debug/pprof/heap', keepEmpty: true }],
  },
  groups: [{ labels: {}, targets: [{ uid: 'x', address: '10.0.0.1:6060', labels: {} }] }],
}
const labels = { 'conprof.io/release': 'conprof', 'conprof.io/shard': '2' }
const metadata = { name: 'a', uid: 'b', resourceVersion: '3', labels }

t.test('readActualObject() holds no target that its collector does not have', async (t) => {
  const whole = readActualObject({ metadata, spec })
  t.strictSame(whole, { name: 'a', uid: 'b', resourceVersion: '3', spec })
  const cases: readonly (readonly [string, object, unknown])[] = [
    ['another shard on its label', { labels: { ...labels, 'conprof.io/shard': '1' } }, spec],
    ['no shard on a label', { labels: { 'conprof.io/release': 'conprof' } }, spec],
    ['no labels', { labels: undefined }, spec],
    ['a field that nobody knows', {}, { ...spec, more: 1 }],
  ]
  for (const [what, changes, given] of cases) {
    const object = readActualObject({ metadata: { ...metadata, ...changes }, spec: given })
    t.match(object, { name: 'a', uid: 'b', spec: { shard: 2, epoch: 7, groups: [] } }, what)
  }
  for (const given of [undefined, null, 'x', { shard: 'two', epoch: {} }]) {
    t.match(readActualObject({ metadata, spec: given }).spec, { shard: 0, epoch: 0, groups: [] })
  }
})
