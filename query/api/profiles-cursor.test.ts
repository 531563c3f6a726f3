import t from 'tap'
import { comparePlaces, formatCursor, parseCursor } from './profiles-cursor.ts'

const hash = '9f86d081884c7d65'

t.test('parseCursor() reads what formatCursor() writes', async (t) => {
  for (const total of [0n, -5n, 2n ** 63n - 1n]) {
    const place = { timeMs: 1, hash, total }
    t.strictSame(parseCursor(formatCursor(place), { hasTotal: true }), place)
  }
  t.strictSame(parseCursor(`1-${hash}`, { hasTotal: false }), { timeMs: 1, hash })
  for (const [text, hasTotal] of [
    ['', false],
    ['1', false],
    [`5@1-${hash}`, false],
    [`1-${hash}`, true],
    [`5@@1-${hash}`, true],
    [`x@1-${hash}`, true],
  ] as const) {
    t.throws(() => parseCursor(text, { hasTotal }), {
      code: 'bad_data',
      message: `parameter "cursor": ${JSON.stringify(text)} is none that was given out for this order`,
    })
  }
})

t.test('comparePlaces() is an order of pages', async (t) => {
  const places = [
    { timeMs: 1, hash, total: 7n },
    { timeMs: 3, hash, total: 5n },
    { timeMs: 2, hash: 'a', total: 5n },
    { timeMs: 2, hash: 'b', total: 5n },
    { timeMs: 9, hash, total: -1n },
  ]
  t.strictSame(places.toReversed().sort(comparePlaces), places)
  t.equal(comparePlaces(places[0]!, places[0]!), 0)
})
