import t from 'tap'
import { formatBar, formatProgress } from './compact-progress.ts'

t.test('formatBar() shows how far it is, and how long it takes', (t) => {
  const total = 4 * 1024 ** 2
  const bar = (done: number) => formatBar({ round: 2, elapsedMs: 3000, done, total })
  t.equal(bar(0), 'round 2: 0 B of 4.00 MiB  ░░░░░░░░░░░░░░░░░░░░░░░░')
  t.equal(bar(total / 4), 'round 2: 1.00 MiB of 4.00 MiB  ██████░░░░░░░░░░░░░░░░░░  9 s left')
  t.equal(bar(total), 'round 2: 4.00 MiB of 4.00 MiB  ████████████████████████  0 s left')
  t.match(formatBar({ round: 1, elapsedMs: 0, done: 0, total: 0 }), 'round 1: 0 B of 0 B  █')
  t.equal(formatProgress({ round: 2, elapsedMs: 3000, done: 1, total }), 'round 2: 1 B of 4.00 MiB')
  t.end()
})
