import t from 'tap'
import type { ScrapeConfigSpec } from '../config/scrape-config-resource.ts'
import { acceptObjects } from './accept-objects.ts'

/** Only its epoch matters here. */
const at = (epoch: number) => ({ epoch }) as ScrapeConfigSpec
const resourceVersion = '1'

t.test('acceptObjects() takes what is new, and keeps what was good', async (t) => {
  const before = new Map([
    ['newer', at(1)],
    ['same', at(2)],
    ['older', at(3)],
    ['broken', at(4)],
    ['gone', at(5)],
  ])
  const views = [
    { name: 'newer', resourceVersion, spec: at(2) },
    { name: 'same', resourceVersion, spec: at(2) },
    { name: 'older', resourceVersion, spec: at(2) },
    { name: 'broken', resourceVersion, problem: 'job: missing' },
    { name: 'broken-from-the-start', resourceVersion, problem: 'job: missing' },
    { name: 'first', resourceVersion, spec: at(0) },
  ]
  const { specs, ignored } = acceptObjects(before, views, { isFromDisk: false })
  t.strictSame(
    [...specs].map(([name, { epoch }]) => `${name} ${epoch}`),
    ['newer 2', 'same 2', 'older 3', 'broken 4', 'first 0'],
  )
  t.strictSame(ignored, [
    { name: 'older', reason: 'older-epoch', message: 'its epoch is 2, after 3' },
    { name: 'broken', reason: 'invalid', message: 'job: missing' },
    { name: 'broken-from-the-start', reason: 'invalid', message: 'job: missing' },
  ])
})

const lower = { name: 'a', resourceVersion, spec: at(0) }

t.test('acceptObjects() compares no epoch with the disk', async (t) => {
  const before = new Map([['a', at(7)]])
  t.equal(acceptObjects(before, [lower], { isFromDisk: true }).specs.get('a')!.epoch, 0)
  const broken = { name: 'a', resourceVersion, problem: 'job: missing' }
  t.equal(acceptObjects(before, [broken], { isFromDisk: true }).specs.get('a')!.epoch, 7)
})

t.test('acceptObjects() forgets the epoch of an object that is gone', async (t) => {
  const { specs } = acceptObjects(new Map([['a', at(7)]]), [], { isFromDisk: false })
  t.equal(acceptObjects(specs, [lower], { isFromDisk: false }).specs.size, 1)
})
