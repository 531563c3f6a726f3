import { readFileSync } from 'node:fs'
import t from 'tap'
import { decodeRecords, decodeSegmentHeader } from './decode-segment.ts'

t.test('docs/format/wal.md decodes as it says', async (t) => {
  const page = readFileSync(new URL('../../docs/format/wal.md', import.meta.url), 'utf8')
  const dump = /```hex\n([^`]*)```/.exec(page)?.[1] ?? ''
  const digits = dump
    .split('\n')
    .map((line) => line.slice(10, 57).replaceAll(' ', ''))
    .join('')
  const bytes = Buffer.from(digits, 'hex')
  const header = decodeSegmentHeader(bytes)
  t.match(header, { writer: 'c-0-1f', firstSeq: 41, previousBytes: 0, salt: 0x01020304, sizeBytes: 38 })
  const [first, second, ...others] = [...decodeRecords(bytes, header)]
  t.match(first, {
    kind: 'attempt',
    seq: 41,
    attempt: {
      labels: { job: 'api', profile_type: 'heap' },
      timeMs: 1795380901252,
      durationMs: 12.5,
      health: 'ok',
      httpStatus: 200,
      process: {
        containerId: 'c1',
        restartCount: 2,
        startTimeMs: 1795380000000,
        image: 'api:1',
        memoryLimitBytes: 1048576,
        cpuLimitMillicores: 500,
      },
    },
  })
  t.equal(first?.kind === 'attempt' && Buffer.from(first.attempt.body ?? []).toString(), 'hi')
  t.match(second, {
    kind: 'cut',
    cut: { key: '2026-11-23/k.block', covered: [{ writer: 'c-0-1f', intervals: [{ first: 1, last: 40 }] }] },
  })
  t.strictSame(others, [])
})
