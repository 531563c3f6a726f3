import t from 'tap'
import { percentage, scale, scaledLabel } from './measurement.ts'

t.test('scaledLabel() prints amounts as pprof does', async (t) => {
  const cases: readonly (readonly [value: number, from: string, to: string, want: string])[] = [
    [0, 'bytes', 'auto', '0'],
    [1, 'bytes', 'auto', '1B'],
    [1023, 'bytes', 'auto', '1023B'],
    [1536, 'bytes', 'minimum', '1.50kB'],
    [1152, 'bytes', 'auto', '1.12kB'],
    [1408, 'bytes', 'auto', '1.38kB'],
    [-1152, 'bytes', 'auto', '-1.12kB'],
    [6561792, 'byte', 'auto', '6.26MB'],
    [2 ** 50, 'bytes', 'auto', '1PB'],
    [1, 'nanoseconds', 'auto', '1ns'],
    [10_000_000, 'nanoseconds', 'auto', '10ms'],
    [61_000_000_000, 'ns', 'auto', '61s'],
    [5_400_000_000_000, 'ns', 'auto', '1.50hrs'],
    [1500, 'milliseconds', 'seconds', '1.50s'],
    [1500, 'ms', 'bytes', '1.50s'],
    [3, 'kilobytes', 'b', '3072B'],
    [42, 'count', 'minimum', '42'],
    [42, 'objects', 'auto', '42'],
    [42, 'objects', 'things', '42things'],
    [2, 'gcu', 'auto', '2GCU'],
  ]
  for (const [value, from, to, want] of cases)
    t.equal(scaledLabel(value, from, to), want, `${value} ${from} in ${to}`)
  t.strictSame(scale(2048, 'b', 'KB'), { value: 2, unit: 'kB' })
})

t.test('percentage() keeps two digits of what is small', async (t) => {
  const cases: readonly (readonly [value: number, total: number, want: string])[] = [
    [1, 1, '100%'],
    [9996, 10000, '100%'],
    [9994, 10000, '99.94%'],
    [-1, 4, '25.00%'],
    [1, 3, '33.33%'],
    [1, 200, '0.5%'],
    [123, 1_000_000, '0.012%'],
    [1, 10_000_000, '1e-05%'],
    [12, 10_000_000, '0.00012%'],
    [0, 5, '0%'],
    [5, 0, '0%'],
  ]
  for (const [value, total, want] of cases) t.equal(percentage(value, total), want, `${value} of ${total}`)
})
