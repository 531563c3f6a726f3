import t from 'tap'
import { nearestName } from './nearest-name.ts'

t.test('nearestName() guesses at typos, and at nothing else', async (t) => {
  const known = ['scrape', 'port', 'profiles']
  const cases: [string, string | undefined][] = [
    ['scrap', 'scrape'],
    ['ports', 'port'],
    ['profile', 'profiles'],
    ['interval', undefined],
    ['', undefined],
    ['p'.repeat(100_000), undefined],
  ]
  for (const [given, want] of cases) t.equal(nearestName(given, known), want, given.slice(0, 20))
  t.equal(nearestName('scrape', []), undefined)
})
