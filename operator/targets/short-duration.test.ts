import fc from 'fast-check'
import t from 'tap'
import { parseDuration } from '../../lib/duration.ts'
import { readShortDuration, writeShortDuration } from './short-duration.ts'

t.test('readShortDuration() reads what the CRDs take, and nothing else', async (t) => {
  const cases: [string, number | undefined][] = [
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['30m1h', 5_400_000],
    ['30s30s', 60_000],
    ['1500ms', 1500],
    ['0s', 0],
    ['1d', undefined],
    ['1.5h', undefined],
    ['90', undefined],
    ['', undefined],
    ['9999999999999999999h', undefined],
    ['1s'.repeat(1_000_000), undefined],
  ]
  for (const [text, want] of cases) t.equal(readShortDuration(text), want, text.slice(0, 30))
})

t.test('writeShortDuration() writes what it and the collector read', async () => {
  fc.assert(
    fc.property(fc.nat(), (ms) => {
      const text = writeShortDuration(ms)
      return readShortDuration(text) === ms && parseDuration(text) === ms
    }),
  )
})
