import fc from 'fast-check'
import t from 'tap'
import { LineSplitter } from './line-splitter.ts'

t.test('lines come out whole, however they are cut', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => `x${text.replaceAll('\n', '')}`)
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat({ max: 20 }), { minLength: 1 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
      const splitter = new LineSplitter({ maxLineBytes: 1 << 20 })
      const found: string[] = []
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = cuts[i % cuts.length]! + 1
        found.push(...splitter.push(bytes.subarray(at, at + size)))
        at += size
      }
      return found.join('\n') === lines.join('\n')
    }),
  )
})

t.test('a line is bounded, an unfinished one too', async (t) => {
  const splitter = new LineSplitter({ maxLineBytes: 10 })
  t.strictSame(splitter.push(Buffer.from('0123456789\n\n01234')), ['0123456789'])
  t.throws(() => splitter.push(Buffer.from('567890')), { message: /longer than 10 bytes/ })
})
