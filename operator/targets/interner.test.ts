import t from 'tap'
import { createInterner } from './interner.ts'

t.test('intern() gives the same object for the same key', async (t) => {
  const interner = createInterner<{ readonly n: number }>()
  const one = interner.intern('one', () => ({ n: 1 }))
  t.equal(
    interner.intern('one', () => ({ n: 2 })),
    one,
  )
  t.not(
    interner.intern('two', () => ({ n: 1 })),
    one,
  )
  t.equal(interner.size, 2)
})
