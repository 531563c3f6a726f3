import t from 'tap'
import { plural } from './plural.ts'

t.test('plural() counts', async (t) => {
  t.strictSame(
    [0, 1, 2].map((count) => plural(count, 'block')),
    ['0 blocks', '1 block', '2 blocks'],
  )
})
