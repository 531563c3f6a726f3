import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createRandom, mutate } from '../../test/support/mutate.ts'
import {
  decodeIndex,
  encodeIndexHeader,
  indexHeaderBytes,
  markBytes,
  markOf,
  pageBytes,
  pageCount,
} from './page-index.ts'

t.test('decodeIndex() reads what was written, as much as there is of it', (t) => {
  const sizeBytes = 5 * pageBytes + 1
  const marks = Buffer.alloc(3 * markBytes)
  marks.writeUInt32LE(7, 2 * markBytes)
  const index = Buffer.concat([encodeIndexHeader({ sizeBytes, tailPage: 4 }), marks, Buffer.from([1])])
  const decoded = { sizeBytes, tailPage: 4, marks: Uint32Array.of(0, 0, 7, 0, 0, 0) }
  t.strictSame(decodeIndex(index, sizeBytes), decoded)
  t.strictSame(decodeIndex(index), decoded)
  t.equal(decodeIndex(index, sizeBytes - 1), undefined, 'of another object')
  t.end()
})

t.test('decodeIndex() takes nothing that is broken', (t) => {
  const header = encodeIndexHeader({ sizeBytes: 3 * pageBytes, tailPage: 2 })
  const index = Buffer.concat([header, randomBytes(3 * markBytes)])
  const random = createRandom(5)
  for (let time = 0; time < 5000; time++) {
    const bytes = mutate(index, random)
    const decoded = decodeIndex(bytes)
    if (decoded === undefined) continue
    if (Buffer.compare(bytes.subarray(0, indexHeaderBytes), header) !== 0)
      t.fail(Buffer.from(bytes).toString('hex'))
    if (decoded.marks.length !== 3) t.fail(`${decoded.marks.length} marks`)
  }
  t.equal(
    decodeIndex(encodeIndexHeader({ sizeBytes: 2 ** 50, tailPage: 0 })),
    undefined,
    'too large to be true',
  )
  t.end()
})

t.test('markOf() tells bytes and pages apart', (t) => {
  const page = randomBytes(pageBytes)
  t.not(markOf(page, 3), 0)
  t.equal(markOf(page, 3), markOf(Buffer.from(page), 3))
  t.not(markOf(page, 4), markOf(page, 3))
  const other = Buffer.from(page)
  other[100]! ^= 1
  t.not(markOf(other, 3), markOf(page, 3))
  t.equal(pageCount(pageBytes + 1), 2)
  t.end()
})
