import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { decodeChunk, encodeChunk } from '../../block/chunk.ts'
import { createBlockBuilder, unknownProcess } from '../../block/create-block-builder.ts'
import { decodeSymbols } from '../../block/decode-symbols.ts'
import { memorySource } from '../../block/memory-source.ts'
import { openBlock } from '../../block/open-block.ts'
import { decodeRows } from '../../block/rows-codec.ts'
import { decodeSums } from '../../block/sums-codec.ts'
import { decodeTail } from '../../block/tail.ts'
import { ByteReader } from '../../lib/bytes/byte-reader.ts'
import { ByteWriter } from '../../lib/bytes/byte-writer.ts'
import { applyRecord } from '../../profile/apply-record.ts'
import { ColumnPlans } from '../../profile/column-plan.ts'
import { PprofDecoder } from '../../profile/decode-pprof.ts'
import { Dictionary } from '../../profile/dictionary.ts'
import { PprofEncoder } from '../../profile/encode-pprof.ts'
import { inspectPprof } from '../../profile/inspect-pprof.ts'
import { emptyState } from '../../profile/series-state.ts'
import { createRandom, mutate } from '../support/mutate.ts'

/** Inputs per decoder. A seed in the environment repeats a run. */
const inputs = 100_000
const seed = Number(process.env['CONPROF_FUZZ_SEED'] ?? Date.now() % 1e9)
const maxRssBytes = 512 * 1024 * 1024

t.comment(`CONPROF_FUZZ_SEED=${seed}`)

/** Runs `decode` on damaged copies of `samples`; only an error with one of `codes` may leave it. */
function fuzz(
  name: string,
  samples: readonly Uint8Array[],
  codes: readonly string[],
  decode: (bytes: Uint8Array) => void,
) {
  t.test(`${name} survives ${inputs} damaged inputs`, async (t) => {
    const random = createRandom(seed)
    const counts = new Map<string, number>()
    let slowestMs = 0
    for (let i = 0; i < inputs; i++) {
      // zlib lets go of a broken stream's memory in a later turn; scrapes never come 100,000 to a turn.
      if (i % 200 === 0) await setImmediate()
      const input = mutate(samples[i % samples.length]!, random)
      // Others may have the processor meanwhile.
      const start = process.cpuUsage()
      let outcome = 'decoded'
      try {
        decode(input)
      } catch (error) {
        outcome = String((error as NodeJS.ErrnoException).code)
        if (!codes.includes(outcome)) {
          t.fail(`input ${i} of seed ${seed}: ${(error as Error).stack}`, {
            input: Buffer.from(input).toString('base64'),
          })
          return
        }
      }
      const { user, system } = process.cpuUsage(start)
      slowestMs = Math.max(slowestMs, (user + system) / 1000)
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }
    const rss = process.memoryUsage().rss
    t.comment(
      Object.fromEntries(counts),
      `slowest ${slowestMs.toFixed(1)} ms of CPU, resident ${(rss / 2 ** 20).toFixed(0)} MiB`,
    )
    t.ok(slowestMs < 5000, 'no input hangs')
    t.ok(rss < maxRssBytes, `${(rss / 2 ** 20).toFixed(0)} MiB resident`)
    t.ok(counts.size > 1, 'damage is noticed')
  })
}

function corpus(program: string, type: string, count: number): Buffer[] {
  const folder = new URL(`../testdata/corpus/${program}/${type}/`, import.meta.url)
  return readdirSync(folder)
    .sort()
    .slice(0, count)
    .map((name) => readFileSync(new URL(name, folder)))
}

const gzips = [...corpus('etcd', 'mutex', 3), ...corpus('prometheus', 'block', 2)]
const raws = [...gzips, ...corpus('etcd', 'cpu', 1)].map((gzip) => gunzipSync(gzip))

const decoder = new PprofDecoder()
const encoder = new PprofEncoder()
fuzz('PprofDecoder', raws, ['NOT_PPROF'], (bytes) => {
  const dictionary = new Dictionary()
  const decoded = decoder.decode(bytes, dictionary, new Uint32Array(0))
  encoder.encode({ ...decoded, strings: decoded.strings }, dictionary)
})
fuzz('inspectPprof', gzips, ['not-pprof', 'empty', 'too-large'], (bytes) => {
  const { kind } = inspectPprof(bytes, { maxInflatedBytes: 1 << 20 })
  if (kind !== 'pprof') throw Object.assign(new Error(kind), { code: kind })
})

const builder = createBlockBuilder()
gzips.forEach((body, i) => {
  builder.append(
    {
      labels: { job: 'j', profile_type: i < 3 ? 'mutex' : 'block', service_name: 's' },
      timeMs: 1_700_000_000_000 + i * 1000,
      durationMs: 5,
      health: 'ok',
      httpStatus: 200,
      body: i === 2 ? Buffer.from('no pprof') : body,
    },
    { writer: 'w', seq: i },
  )
})
const block = builder.encode({ compression: 'stored' })!
const dense = builder.encode()!
const reader = await openBlock(memorySource('b', block.bytes))
const [series] = reader.select([])
const entry = reader.entry(series!)
const rawAt = (place: { offset: number; length: number }) =>
  decodeChunk(block.bytes.subarray(place.offset, place.offset + place.length), 'sample')
const footer = new ByteReader(block.bytes, 'footer', block.bytes.length - 16)
const tailLength = footer.u32()
const tailEnd = block.bytes.length - 16
const tail = rawAt({ offset: tailEnd - tailLength, length: tailLength })

fuzz(
  'decodeChunk',
  [block.bytes.slice(entry.rows.offset, entry.rows.offset + entry.rows.length)],
  ['CORRUPT'],
  (bytes) => {
    decodeChunk(bytes, 'chunk')
  },
)
fuzz('decodeTail', [tail], ['CORRUPT'], (bytes) => {
  decodeTail(bytes, 'tail', { version: block.meta.version, sizeBytes: block.bytes.length })
})
const tables = {
  writers: ['w'],
  processes: [],
  sampleTypes: entry.sampleTypes.map(() => ({ type: '', unit: '' })),
  defaultSampleType: 0,
}
fuzz('decodeRows', [rawAt(entry.rows)], ['CORRUPT'], (bytes) => {
  decodeRows(bytes, 'rows', {
    ...tables,
    processes: [unknownProcess],
  })
})

const cpu = createBlockBuilder()
corpus('etcd', 'cpu', 4).forEach((body, seq) => {
  cpu.append(
    {
      labels: { profile_type: 'cpu' },
      timeMs: 1_700_000_000_000 + seq,
      durationMs: 5,
      health: 'ok',
      httpStatus: 200,
      body,
    },
    { writer: 'w', seq },
  )
})
const cpuBlock = cpu.encode({ compression: 'dense' })!
const cpuReader = await openBlock(memorySource('c', cpuBlock.bytes))
const cpuEntry = cpuReader.entry(cpuReader.select([])[0]!)
const dictionary = await cpuReader.dictionary(0)
const plans = new ColumnPlans(dictionary)
const chunkAt = ({ offset, length }: { offset: number; length: number }) =>
  decodeChunk(cpuBlock.bytes.subarray(offset, offset + length), 'sample')
fuzz('decodeSums', [chunkAt(cpuEntry.sums)], ['CORRUPT'], (bytes) => {
  decodeSums(bytes, 'sums', {
    groupCount: 1,
    isSummed: [true, true],
    period: 1e7,
    keyCount: dictionary.keyCount,
  })
})
fuzz('applyRecord', [chunkAt(cpuEntry.groups[0]!.body)], ['CORRUPT'], (bytes) => {
  const all = new ByteReader(bytes, 'bodies')
  const records = all.varint()
  const lengths = Array.from({ length: all.count() }, () => all.varint())
  const streams = lengths.map((length) => new ByteReader(all.raw(length), 'bodies'))
  if (streams.length < 6) all.fail('too few streams')
  const state = emptyState()
  for (let i = 0; i < Math.min(records, 4); i++) applyRecord(streams, state, { timeMs: 0, plans, dictionary })
})

const storedSymbols = block.bytes
const places = decodeTail(tail, 'tail', {
  version: block.meta.version,
  sizeBytes: block.bytes.length,
}).services
fuzz(
  'decodeSymbols',
  places.map(({ offset, length }) => unchecked(storedSymbols.slice(offset, offset + length))),
  ['CORRUPT'],
  (bytes) => {
    decodeSymbols(rechecked(bytes), 'symbols')
  },
)

t.test('openBlock and everything behind it survive damaged blocks', async (t) => {
  const random = createRandom(seed)
  const codes = new Map<string, number>()
  for (let i = 0; i < 5000; i++) {
    const bytes = mutate(i % 2 === 0 ? dense.bytes : block.bytes, random)
    let outcome = 'decoded'
    try {
      const damaged = await openBlock(memorySource('damaged', bytes))
      for (const each of damaged.select([])) {
        const [rows] = await damaged.rows([each])
        for (let row = 0; row < rows!.length; row++) if (rows!.flags[row]! & 1) await damaged.body(each, row)
        await damaged.sums(each)
      }
    } catch (error) {
      outcome = String((error as NodeJS.ErrnoException).code)
      if (outcome !== 'BLOCK_CORRUPT' && outcome !== 'BLOCK_TOO_NEW') {
        t.fail(`input ${i} of seed ${seed}: ${(error as Error).stack}`)
        return
      }
    }
    codes.set(outcome, (codes.get(outcome) ?? 0) + 1)
  }
  t.comment(Object.fromEntries(codes))
  t.ok((codes.get('BLOCK_CORRUPT') ?? 0) > 1000)
})

/** The seven parts without their checksums, so that damage reaches the decoders behind them … */
function unchecked(symbols: Uint8Array): Uint8Array {
  const all = new ByteReader(symbols, 'symbols')
  const parts: Uint8Array[] = []
  while (all.remaining > 0) parts.push(decodeChunk(all.block(), 'symbols').slice())
  const lengths = Uint8Array.from(parts.flatMap(({ length }) => [length & 0xff, length >> 8]))
  return Buffer.concat([Uint8Array.of(parts.length), lengths, ...parts])
}

/** … and with them again. Cut where the lengths say, whatever they say. */
function rechecked(bytes: Uint8Array): Uint8Array {
  const out = new ByteWriter()
  const count = Math.min(bytes[0] ?? 0, 8)
  let at = 1 + count * 2
  for (let i = 0; i < count; i++) {
    const length = (bytes[1 + i * 2] ?? 0) + (bytes[2 + i * 2] ?? 0) * 256
    out.block(encodeChunk(bytes.slice(at, at + length), 0))
    at += length
  }
  return out.copy()
}
