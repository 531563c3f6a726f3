import fc from 'fast-check'
import t from 'tap'
import { formatBlockKey } from './block-key.ts'
import { decodeTombstone, encodeTombstone, tombstonedBlock, tombstoneKey } from './tombstone.ts'

const blockKey = formatBlockKey({
  minTimeMs: Date.UTC(2026, 10, 28, 20),
  maxTimeMs: Date.UTC(2026, 10, 28, 20, 30),
  level: 1,
  id: '0123456789abcdef',
})

t.test('a tombstone lies where its block does, below deleted/', async (t) => {
  const key = tombstoneKey(blockKey)
  t.equal(key, `deleted/2026-11-28/1795896000000-1795897800000-1-0123456789abcdef.block.json`)
  t.equal(tombstonedBlock(key), blockKey)
  t.equal(tombstonedBlock(`clusters/eu/${key}`), blockKey)
  for (const other of [blockKey, `blocks/${blockKey}`, `deleted/${blockKey}`, 'deleted/readme.json', '']) {
    t.equal(tombstonedBlock(other), undefined, other)
  }
})

t.test('decodeTombstone() reads what encodeTombstone() wrote', async (t) => {
  const tombstone = { reason: 'time', atMs: 1_795_896_000_000, sizeBytes: 0 }
  t.strictSame(decodeTombstone(encodeTombstone(tombstone), 'k'), tombstone)
  const newer = Buffer.from('{"reason":"size","atMs":1,"sizeBytes":2,"by":"x"}')
  t.strictSame(decodeTombstone(newer, 'k'), { reason: 'size', atMs: 1, sizeBytes: 2 })
})

t.test('decodeTombstone() says in one line what is wrong', async (t) => {
  const cases: [string, RegExp][] = [
    ['', /^read tombstone "k": .*JSON/],
    ['null', /^read tombstone "k": reason missing, want a word$/],
    [
      '{"reason":"Two words","atMs":1,"sizeBytes":2}',
      /^read tombstone "k": reason "Two words", want a word$/,
    ],
    ['{"reason":"time","sizeBytes":2}', /^read tombstone "k": atMs missing, want unix ms$/],
    ['{"reason":"time","atMs":1.5,"sizeBytes":2}', /^read tombstone "k": atMs 1.5, want unix ms$/],
    [
      '{"reason":"time","atMs":1,"sizeBytes":-1}',
      /^read tombstone "k": sizeBytes -1, want a number of bytes$/,
    ],
    [' '.repeat(5000), /^read tombstone "k": 5000 bytes, want 4096 at most$/],
  ]
  for (const [text, message] of cases) {
    t.throws(() => decodeTombstone(Buffer.from(text), 'k'), { name: 'SyntaxError', message }, text)
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        decodeTombstone(Buffer.from(text), 'k')
      } catch (error) {
        if (!(error instanceof SyntaxError) || error.message.includes('\n')) throw error
      }
    }),
  )
})
