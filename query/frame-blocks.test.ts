import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { frameBlocks, unframeBlocks } from './frame-blocks.ts'

t.test('docs/format/head.md is true', async (t) => {
  const page = readFileSync(new URL('../docs/format/head.md', import.meta.url), 'utf8')
  const hex = /```hex\n([0-9a-f\s]+)```/.exec(page)![1]!.replaceAll(/\s/g, '')
  const blocks = unframeBlocks(Buffer.from(hex, 'hex')).map((block) => Buffer.from(block).toString())
  t.strictSame(blocks, ['abc', 'd'])
  t.equal(frameBlocks(blocks.map((text) => Buffer.from(text))).toString('hex'), hex)
})

t.test('unframeBlocks() reads what frameBlocks() writes, and refuses the rest', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (blocks) => {
      const read = unframeBlocks(frameBlocks(blocks))
      return (
        read.length === blocks.length && read.every((block, i) => Buffer.compare(block, blocks[i]!) === 0)
      )
    }),
  )
  t.throws(() => unframeBlocks(Buffer.from('0500000061', 'hex')), {
    message: 'read head at byte 0: a block of 5 bytes, 1 are left',
  })
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        unframeBlocks(bytes)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
    }),
    { numRuns: 100_000 },
  )
})
