import t from 'tap'
import { formatByteSize, parseByteSize } from './byte-size.ts'

t.test('parseByteSize() reads Prometheus sizes', async (t) => {
  const cases: [string, number][] = [
    ['0', 0],
    ['512B', 512],
    ['1KB', 1024],
    ['10GB', 10 * 1024 ** 3],
    ['1.5TiB', 1.5 * 1024 ** 4],
    ['3mb', 3 * 1024 ** 2],
  ]
  for (const [text, sizeBytes] of cases) t.equal(parseByteSize(text), sizeBytes, text)
  for (const text of ['', 'GB', '-1GB', '1XB', '1 0GB', '9000000EB']) {
    t.throws(() => parseByteSize(text), SyntaxError, text)
  }
})

t.test('formatByteSize() keeps three digits', async (t) => {
  t.strictSame([0, 999, 1024, 15_500, 123_456_789].map(formatByteSize), [
    '0 B',
    '999 B',
    '1.00 KiB',
    '15.1 KiB',
    '118 MiB',
  ])
})
