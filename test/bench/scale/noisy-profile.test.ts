import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { PprofDecoder } from '../../../profile/decode-pprof.ts'
import { Dictionary } from '../../../profile/dictionary.ts'
import { corpusProfile } from '../../support/corpus-profile.ts'
import { maxNoise, NoisyProfile } from './noisy-profile.ts'

for (const type of ['heap', 'cpu', 'goroutine'] as const) {
  t.test(`a ${type} profile`, async (t) => {
    const bytes = new Uint8Array(gunzipSync(corpusProfile(type)))
    const dictionary = new Dictionary()
    const profile = new NoisyProfile(bytes, dictionary)
    const { timeNanos } = profile
    const decode = (written: Uint8Array) => {
      const decoded = new PprofDecoder().decode(written, dictionary, new Uint32Array(0))
      return { ...decoded, keys: [...decoded.keys], values: [...decoded.values] }
    }
    const before = decode(bytes)

    t.test('without noise is the bytes it was', async (t) => {
      t.same(profile.write({ noise: 'none', seed: 1, timeNanos }), bytes)
    })
    t.test('says the time that it is given', async (t) => {
      const written = profile.write({ noise: 'none', seed: 1, timeNanos: timeNanos + 86_400_000_000_000n })
      t.equal(decode(written).timeNanos, timeNanos + 86_400_000_000_000n)
      t.equal(written.length, bytes.length)
    })
    for (const noise of ['each', 'pod'] as const) {
      t.test(`with noise of ${noise} has the same stacks and values nearby`, async (t) => {
        const laterNanos = timeNanos + 86_400_000_000_000n
        const after = decode(profile.write({ noise, seed: 7, timeNanos: laterNanos }))
        t.same(after.keys, before.keys)
        t.equal(after.header, before.header)
        t.equal(after.timeNanos, laterNanos)
        const isFar = (value: number, i: number) =>
          Math.abs(after.values[i]! - value) > Math.abs(value) * maxNoise + 0.5
        t.same(before.values.filter(isFar), [])
        const isSame = (value: number, i: number) => value >= 1000 && after.values[i] === value
        t.ok(before.values.filter(isSame).length <= before.values.length / 20)
      })
      t.test(`noise of ${noise} is its seed's`, async (t) => {
        const write = (seed: number) => profile.write({ noise, seed, timeNanos })
        t.same(write(7), write(7))
        if (before.values.some((value) => value >= 1000)) t.notSame(write(7), write(8))
      })
    }
  })
}
