import t from 'tap'
import type { ProfileItem } from '../../../query/api/types.ts'
import { gaps, overlaps, scrapeLoops } from './scrape-history.ts'

function attempt(pod: string, seconds: number, durationSeconds = 0, scrapeSeconds = 0.1): ProfileItem {
  const labels = { namespace: 'shop', pod, container: 'app', instance: '10.0.0.1:6060', profile_path: '/cpu' }
  const rest = { sizeBytes: 1, totals: [], health: 'ok', httpStatus: 200, hasBody: true }
  return { id: '', time: seconds * 1000, labels, durationSeconds, scrapeSeconds, ...rest }
}

t.test('attempts are loops by process and type, whoever made them', (t) => {
  const loops = scrapeLoops([attempt('b', 20), attempt('a', 5), attempt('b', 10)])
  t.same(
    loops.map(({ target, attempts }) => [target, attempts.map(({ time }) => time)]),
    [
      ['shop/a/app 10.0.0.1:6060 /cpu', [5000]],
      ['shop/b/app 10.0.0.1:6060 /cpu', [10_000, 20_000]],
    ],
  )
  t.end()
})

t.test('a scrape that begins while another runs is found', (t) => {
  t.same(overlaps(scrapeLoops([attempt('a', 0, 10, 10.2), attempt('a', 15, 10, 10.2)])), [])
  t.match(overlaps(scrapeLoops([attempt('a', 0, 10, 10.2), attempt('a', 10.1, 10, 10.2)])), [
    /10100 ms after/,
  ])
  t.same(overlaps(scrapeLoops([attempt('a', 0, 10, 10.2), attempt('b', 5, 10, 10.2)])), [])
  t.end()
})

t.test('slots without a scrape are found', (t) => {
  const loops = scrapeLoops([0, 10, 31, 40].map((seconds) => attempt('a', seconds)))
  t.same(gaps(loops, { intervalMs: 10_000, slots: 1 }), [])
  t.match(gaps(loops, { intervalMs: 10_000, slots: 0 }), [/nothing for 21 s/])
  t.match(gaps(loops, { intervalMs: 10_000, slots: 1, untilMs: 66_000 }), [/nothing for 26 s/])
  t.end()
})
