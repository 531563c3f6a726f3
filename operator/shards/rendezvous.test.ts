import t from 'tap'
import { chooseShard, hashKey } from './rendezvous.ts'

const keys = Array.from(
  { length: 20_000 },
  (_, i) => `0d9a1c52-77aa-4be0-9d0c-${String(i).padStart(12, '0')}/6060`,
)
const hashes = keys.map(hashKey)
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

t.test('chooseShard() spreads targets evenly', async (t) => {
  for (const count of [2, 3, 4, 7, 10]) {
    const sizes = new Array<number>(count).fill(0)
    for (const hash of hashes) sizes[chooseShard(hash, upTo(count))!]!++
    const expected = keys.length / count
    for (const size of sizes) t.ok(Math.abs(size - expected) < expected * 0.06, `${count} shards: ${sizes}`)
  }
})

t.test(
  'chooseShard() moves 1/(N+1) to a new shard, none between old ones, and all of them back',
  async (t) => {
    for (const [from, to] of [
      [3, 4],
      [4, 2],
      [9, 10],
    ] as const) {
      let moved = 0
      let astray = 0
      for (const hash of hashes) {
        const before = chooseShard(hash, upTo(from))!
        const after = chooseShard(hash, upTo(to))!
        if (before === after) continue
        moved++
        if (to > from ? after < from : before < to) astray++
      }
      t.equal(astray, 0, 'only to new shards, only from those that went')
      const share = moved / keys.length
      const ideal = to > from ? 1 - from / to : 1 - to / from
      t.ok(share < ideal + 0.01, `${from} to ${to}: ${share}`)
    }
  },
)

t.test('chooseShard() has no answer without shards, and does not care for their order', async (t) => {
  t.equal(chooseShard(1, []), undefined)
  for (const hash of hashes.slice(0, 100)) t.equal(chooseShard(hash, [0, 3, 5]), chooseShard(hash, [5, 0, 3]))
})
