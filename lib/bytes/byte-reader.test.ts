import fc from 'fast-check'
import t from 'tap'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/** At and around every place where a varint gets longer, or leaves 31, 32 or 53 bits. */
const edges = [7, 14, 21, 28, 31, 32, 35, 42, 49, 53].flatMap((bits) => [
  2 ** bits - 2,
  2 ** bits - 1,
  2 ** bits,
])

/** Of at most 52 bits, and of either sign; never −0. */
const signed = (value: number) => (value % 2 === 0 ? Math.floor(value / 4) : 0 - Math.floor(value / 4))

t.test('varints come back as they were written', async () => {
  const integer = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(...edges.filter(Number.isSafeInteger)))
  fc.assert(
    fc.property(fc.array(integer), (values) => {
      const out = new ByteWriter()
      for (const value of values) out.varint(value)
      for (const value of values) out.zigzag(signed(value))
      const reader = new ByteReader(out.bytes(), 'test')
      for (const value of values) if (reader.varint() !== value) throw new Error(`varint ${value}`)
      for (const value of values) {
        const got = reader.zigzag()
        if (got !== signed(value)) throw new Error(`zigzag ${signed(value)}, read ${got}`)
      }
      if (reader.remaining !== 0) throw new Error(`${reader.remaining} bytes are left`)
    }),
    { numRuns: 500 },
  )
})

t.test('a varint that ends early, or is too long, names the place', async (t) => {
  for (let length = 1; length < 8; length++) {
    const bytes = new Uint8Array(length).fill(0x80)
    t.throws(() => new ByteReader(bytes, 'test').varint(), {
      code: 'CORRUPT',
      message: 'decode test at byte 0: the end inside a varint',
    })
  }
  t.throws(() => new ByteReader(new Uint8Array(0), 'test').varint(), /the end, want a varint/)
  t.throws(() => new ByteReader(new Uint8Array(12).fill(0x80), 'test').varint(), /more than 8 bytes/)
  const large = new ByteWriter()
  large.varint64(2n ** 53n)
  t.throws(() => new ByteReader(large.bytes(), 'test').varint(), /a varint above 2\^53/)
})
