import { readFileSync } from 'node:fs'
import t from 'tap'
import { decodeTombstone, tombstonedBlock } from '../block/tombstone.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { finalAfterMs } from './deletions.ts'
import { erasureHoldsMs } from './erasures.ts'
import { confirmationHoldsMs, readConfirmation, readHalt } from './halt.ts'
import { readOwner } from './owner.ts'
import { readPins } from './pins.ts'

const page = readFileSync(new URL('../docs/format/bucket.md', import.meta.url), 'utf8')
const hourMs = 3_600_000

t.test('docs/format/bucket.md: every example reads as what it says', async (t) => {
  const bucket = new MemoryBucket()
  for (const [, key = '', text = ''] of page.matchAll(/^```json (\S+)\n(.*?)^```$/gms)) {
    await bucket.put(key, Buffer.from(text))
  }
  const keys = (await Array.fromAsync(bucket.list(''))).map(({ key }) => key)
  t.equal(keys.length, 5)
  const [tombstone] = keys as [string]
  t.match(tombstonedBlock(tombstone), /^2026-11-03\/1793664000000-.*-3-.*\.block$/)
  const bytes = await bucket.getRange(tombstone, 0, 1000)
  t.strictSame(decodeTombstone(bytes, tombstone), {
    reason: 'time',
    atMs: 1_801_612_800_000,
    sizeBytes: 734_003_200,
  })
  t.match(await readPins(bucket), [
    { name: 'incident-7', match: '{namespace="shop"}', createdMs: 1_793_710_000_000 },
  ])
  t.match(await readHalt(bucket), { blocks: 3, reasons: { selector: 3 } })
  t.match(await readConfirmation(bucket, { nowMs: 1_793_711_000_001 }), { bytes: 2_202_009_600 })
  t.match(await readOwner(bucket), { cluster: 'conprof/6f1c2b1e' })
})

t.test('docs/format/bucket.md: times are those of the code', async (t) => {
  t.ok(page.includes(`${finalAfterMs / hourMs} hours after`))
  t.ok(page.includes(`at most ${confirmationHoldsMs / hourMs} hours old`))
  t.ok(page.includes(`until\n  it is ${erasureHoldsMs / (24 * hourMs)} days old`))
})
