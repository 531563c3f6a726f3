import t from 'tap'
import type { Attempt } from '../../block/attempt.ts'
import { sortLabels } from '../../profile/labels.ts'
import { decodeRecords, decodeSegmentHeader } from './decode-segment.ts'
import { encodeSegmentHeader, RecordEncoder } from './encode-record.ts'
import { maxRecordBytes, type WalEntry } from './record.ts'

const header = encodeSegmentHeader({ writer: 'node-1-ab', firstSeq: 7, previousBytes: 99, salt: 0xdeadbeef })
const process = {
  containerId: 'containerd://1',
  restartCount: 3,
  startTimeMs: 1_795_380_000_000,
  image: 'api:1.2',
  memoryLimitBytes: 2 ** 33,
  cpuLimitMillicores: 1500,
}

function attempt(n: number, overrides: Partial<Attempt> = {}): Attempt {
  return {
    labels: sortLabels([
      ['job', 'api'],
      ['instance', `10.0.0.${n % 3}:80`],
    ]),
    timeMs: 1_795_380_901_252 + n,
    durationMs: 12.5,
    health: 'ok',
    httpStatus: 200,
    body: Buffer.from(`body ${n}`),
    ...overrides,
  }
}

function entries(bytes: Uint8Array): { entries: WalEntry[]; goodEnd: number } {
  const found: WalEntry[] = []
  const decoding = decodeRecords(bytes, decodeSegmentHeader(bytes))
  for (;;) {
    const step = decoding.next()
    if (step.done === true) return { entries: found, goodEnd: step.value }
    found.push(step.value)
  }
}

t.test('decodeRecords() returns what RecordEncoder was given', async (t) => {
  const encoder = new RecordEncoder(header)
  const attempts = [
    attempt(1),
    attempt(2, { process }),
    attempt(3, { process, body: new Uint8Array() }),
    attempt(4, { process: { ...process, restartCount: 4 } }),
    { labels: attempt(1).labels, timeMs: 5, durationMs: 0, health: 'refused', httpStatus: 0 } as const,
  ]
  const cut = {
    key: '2026-11-23/a.block',
    covered: [{ writer: 'w', intervals: [{ first: 1, last: 2 ** 40 }] }],
  }
  const bytes = Buffer.concat([
    header,
    ...attempts.flatMap((a, i) => encoder.attempt(a, 7 + i)),
    ...encoder.cut(cut),
  ])
  const found = entries(bytes)
  t.equal(found.goodEnd, bytes.length)
  t.strictSame(
    found.entries.map((e) =>
      e.kind === 'attempt'
        ? { ...e.attempt, ...(e.attempt.body && { body: Buffer.from(e.attempt.body) }), seq: e.seq }
        : e.kind === 'cut'
          ? e.cut
          : e,
    ),
    [
      ...attempts.map((a, i) => ({
        ...a,
        ...('body' in a && a.body ? { body: Buffer.from(a.body) } : {}),
        seq: 7 + i,
      })),
      cut,
    ],
  )
})

t.test('decodeRecords() keeps what lies behind damage and says where the damage is', async (t) => {
  const encoder = new RecordEncoder(header)
  const records = [1, 2, 3, 4, 5].map((n) =>
    Buffer.concat(encoder.attempt(attempt(3, { body: Buffer.from(`body ${n}`) }), n)),
  )
  const bytes = Buffer.concat([header, ...records])
  const offset = header.length + records[0]!.length + records[1]!.length
  bytes[offset + 20]! ^= 1
  const found = entries(bytes).entries
  t.strictSame(
    found.map((e) => (e.kind === 'attempt' ? e.seq : e.kind === 'damage' ? [e.offset, e.sizeBytes] : 0)),
    [1, 2, [offset, records[2]!.length], 4, 5],
  )
})

t.test('decodeRecords() ends at every torn tail and before foreign records', async (t) => {
  const encoder = new RecordEncoder(header)
  const first = Buffer.concat([header, ...encoder.attempt(attempt(1), 1)])
  const second = Buffer.concat(encoder.attempt(attempt(2), 2))
  const whole = Buffer.concat([first, second])
  // The second attempt names its series first, so from its 82nd byte on one more record is good.
  const seriesBytes = second.length - 13 - 36 - 6
  for (let size = first.length; size < whole.length; size++) {
    const { entries: found, goodEnd } = entries(whole.subarray(0, size))
    const expected = size < first.length + seriesBytes ? first.length : first.length + seriesBytes
    if (goodEnd !== expected || found[0]?.kind !== 'attempt' || found.length > 2)
      t.fail(`at ${size}: ${goodEnd}`)
  }
  const otherHeader = encodeSegmentHeader({ writer: 'node-1-ab', firstSeq: 7, previousBytes: 99, salt: 1 })
  const foreign = Buffer.concat(new RecordEncoder(otherHeader).attempt(attempt(3), 3))
  const { entries: found } = entries(Buffer.concat([first, foreign]))
  t.strictSame(
    found.map((e) => e.kind),
    ['attempt', 'damage'],
  )
})

t.test('decodeSegmentHeader() names what is wrong', async (t) => {
  const damaged = Buffer.from(header)
  damaged[10]! ^= 1
  const tooNew = Buffer.from(header)
  tooNew[4] = 2
  const noMagic = Buffer.from(header)
  noMagic[0] = 0
  for (const [bytes, code, message] of [
    [header.subarray(0, 10), 'TORN', 'segment header: ends after 10 bytes'],
    [header.subarray(0, 35), 'TORN', 'segment header: ends after 35 bytes, want 41'],
    [tooNew, 'TOO_NEW', 'segment header: version is 2, want at most 1'],
    [noMagic, 'DAMAGED', 'segment header: magic is 0x4c415700, want 0x4c415743'],
    [damaged, 'DAMAGED', /checksum is 0x[0-9a-f]{8}, want 0x[0-9a-f]{8}/],
  ] as const) {
    t.throws(() => decodeSegmentHeader(bytes), { code, message })
  }
})

t.test('decodeRecords() survives 100,000 mutations of a segment', { timeout: 120_000 }, async (t) => {
  const encoder = new RecordEncoder(header)
  const cut = { key: 'k', covered: [{ writer: 'w', intervals: [{ first: 1, last: 2 }] }] }
  const original = Buffer.concat([
    header,
    ...[1, 2, 3, 4, 5, 6].flatMap((n) => encoder.attempt(attempt(n, { process }), n)),
    ...encoder.cut(cut),
  ])
  let state = 20261123
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const interesting = [0, 1, 0x7f, 0x80, 0xff, 0xfffffff0, maxRecordBytes, maxRecordBytes + 1, 0x7fffffff]
  const decoded = decodeSegmentHeader(original)
  for (let round = 0; round < 100_000; round++) {
    const bytes = Buffer.from(original)
    for (let n = random(4); n >= 0; n--) {
      const at = random(bytes.length - 4)
      if (random(2) === 0) bytes[at] = random(256)
      else bytes.writeUInt32LE(interesting[random(interesting.length)]!, at)
    }
    const cutShort = bytes.subarray(0, random(4) === 0 ? random(bytes.length) : bytes.length)
    try {
      decodeSegmentHeader(cutShort)
    } catch (error) {
      if (!('code' in (error as Error))) throw error
    }
    let end = decoded.sizeBytes
    for (const entry of decodeRecords(cutShort, decoded)) {
      if (entry.offset < end) t.fail(`offset ${entry.offset} after ${end}`)
      end = entry.offset
    }
  }
  t.pass('no exception, no hang')
})

t.test('decodeRecords() survives records that lie under a right checksum', async (t) => {
  const { crc32 } = await import('node:zlib')
  const encoder = new RecordEncoder(header)
  const good = Buffer.concat(encoder.attempt(attempt(1, { process }), 1))
  const seed = Buffer.from(header).readUInt32LE(header.length - 4)
  let state = 7
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.concat([header, good])
    for (let at = header.length; at < bytes.length; ) {
      const length = bytes.readUInt32LE(at + 4)
      const end = at + 13 + length
      if (length > 0) {
        if (random(2) === 0) bytes[at + 13 + random(length)] = random(256)
        else if (length >= 4) bytes.writeUInt32LE(0xffffffff, at + 13 + random(length - 3))
      }
      if (random(8) === 0) bytes[at + 8] = random(6)
      const head = crc32(bytes.subarray(at + 4, at + 9), seed)
      bytes.writeUInt32LE(crc32(bytes.subarray(at + 13, end), head), at + 9)
      at = end
    }
    for (const _ of entries(bytes).entries);
  }
  t.pass('no exception')
})
