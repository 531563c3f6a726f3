import t from 'tap'
import { readQuantity } from './quantity.ts'

t.test('readQuantity() reads what a limit may look like, and 0 for the rest', async (t) => {
  const cases: [unknown, number][] = [
    ['500m', 0.5],
    ['1', 1],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['2.', 2],
    [2, 2],
    ['128Mi', 128 * 2 ** 20],
    ['1Gi', 2 ** 30],
    ['1G', 1e9],
    ['100k', 1e5],
    ['1e3', 1000],
    ['12E2', 1200],
    ['1E', 1e18],
    ['1n', 1e-9],
    ['', 0],
    ['-1', 0],
    ['1 Gi', 0],
    ['1KI', 0],
    ['lots', 0],
    ['9'.repeat(1000), 0],
    [undefined, 0],
    [Number.NaN, 0],
    [{}, 0],
  ]
  for (const [text, want] of cases) t.equal(readQuantity(text), want, String(text).slice(0, 20))
})
