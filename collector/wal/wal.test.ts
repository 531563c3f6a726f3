import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Attempt } from '../../block/attempt.ts'
import { sortLabels } from '../../profile/labels.ts'
import { inspectLog, type LogState, readSegment } from './read-log.ts'
import { WalWriter, type WalWriterOptions } from './wal-writer.ts'

function attempt(n: number, sizeBytes = 100): Attempt {
  const labels = sortLabels([['instance', `i${n % 5}`]])
  return { labels, timeMs: n, durationMs: 1, health: 'ok', httpStatus: 200, body: Buffer.alloc(sizeBytes, n) }
}

function writerFor(directory: string, state: LogState, more: Partial<WalWriterOptions> = {}): WalWriter {
  const { nextSeq, previous } = state
  return new WalWriter({
    directory,
    writer: state.writer ?? 'w1',
    nextSeq,
    previous,
    flushDelayMs: 1,
    ...more,
  })
}

async function readAll(state: LogState): Promise<{ seqs: number[]; times: number[]; damage: number }> {
  const seqs: number[] = []
  const times: number[] = []
  let damage = 0
  for (const segment of state.segments) {
    for (const entry of await readSegment(segment)) {
      if (entry.kind === 'damage') damage++
      if (entry.kind !== 'attempt') continue
      seqs.push(entry.seq)
      times.push(entry.attempt.timeMs)
    }
  }
  return { seqs, times, damage }
}

t.test('append() over many segments and restarts is read back in order', async (t) => {
  const directory = t.testdir()
  let expected: number[] = []
  for (let round = 0; round < 4; round++) {
    const state = await inspectLog(directory)
    t.equal(state.tornBytes, 0)
    const writer = writerFor(directory, state, { segmentBytes: 2000 })
    const numbers = Array.from({ length: 50 }, (_, i) => round * 50 + i)
    const positions = await Promise.all(numbers.slice(0, 25).map((n) => writer.append(attempt(n))))
    for (const n of numbers.slice(25)) positions.push(await writer.append(attempt(n)))
    t.strictSame(
      positions.map((p) => p.seq),
      numbers.map((_, i) => state.nextSeq + i),
    )
    await writer.close()
    await t.rejects(writer.append(attempt(1)), { code: 'CLOSED' })
    expected = [...expected, ...numbers]
  }
  const state = await inspectLog(directory)
  t.ok(state.segments.length > 8)
  t.equal(state.writer, 'w1')
  const { seqs, times, damage } = await readAll(state)
  t.strictSame(times, expected)
  t.strictSame(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )
  t.equal(new Set(seqs).size, 200)
  t.equal(damage, 0)
})

t.test('rotate() parts what was appended before from what comes after', async (t) => {
  const directory = t.testdir()
  const writer = writerFor(directory, await inspectLog(directory))
  const first = writer.rotate()
  const before = [1, 2, 3].map((n) => writer.append(attempt(n)))
  const rotated = writer.rotate()
  const after = [4, 5, 6].map((n) => writer.append(attempt(n)))
  const number = await rotated
  t.equal(await first, 1)
  t.equal(number, 2)
  for (const position of await Promise.all(before)) t.ok(position.segment < number)
  for (const position of await Promise.all(after)) t.ok(position.segment >= number)
  t.equal(await writer.rotate(), 3)
  t.equal(await writer.rotate(), 3, 'an empty segment is as good as a new one')
  await writer.close()
})

t.test('a torn tail ends the last segment, once and for all', async (t) => {
  const directory = t.testdir()
  const writer = writerFor(directory, await inspectLog(directory))
  for (const n of [1, 2, 3]) await writer.append(attempt(n))
  await writer.close()
  const path = join(directory, '00000001.wal')
  truncateSync(path, readFileSync(path).length - 7)

  const state = await inspectLog(directory)
  t.ok(state.tornBytes > 0)
  t.strictSame(await readAll(state), { seqs: [1, 2], times: [1, 2], damage: 0 })
  t.ok(state.nextSeq > 3, 'the torn seq is not given out again')
  const second = writerFor(directory, state)
  await second.append(attempt(9))
  await second.close()
  const again = await inspectLog(directory)
  t.equal(again.segments.length, 2)
  t.strictSame(
    (await readAll(again)).times,
    [1, 2, 9],
    'what is torn in a segment before the last is not damage',
  )
  t.equal((await readAll(again)).damage, 0)
})

t.test('a segment without a whole header counts for nothing', async (t) => {
  const directory = t.testdir()
  const writer = writerFor(directory, await inspectLog(directory))
  await writer.append(attempt(1))
  await writer.close()
  writeFileSync(join(directory, '00000002.wal'), 'CW')
  const state = await inspectLog(directory)
  t.equal(state.previous.number, 1)
  t.strictSame(readdirSync(directory), ['00000001.wal'])
  const second = writerFor(directory, state)
  await second.append(attempt(2))
  await second.close()
  t.strictSame((await readAll(await inspectLog(directory))).times, [1, 2])
})

t.test('damage is named, kept aside and costs only what it hit', async (t) => {
  const directory = t.testdir()
  const writer = writerFor(directory, await inspectLog(directory), { segmentBytes: 1 })
  for (const n of [1, 2, 3, 4]) await writer.append(attempt(n))
  await writer.close()
  const path = (n: number) => join(directory, `0000000${n}.wal`)
  const second = readFileSync(path(2))
  second[second.length - 3]! ^= 1
  writeFileSync(path(2), second)
  const third = readFileSync(path(3))
  third[9]! ^= 1
  writeFileSync(path(3), third)
  const state = await inspectLog(directory)
  t.match(state.movedAside, [
    { path: `${path(3)}.corrupt`, reason: /00000003\.wal": segment header: checksum/ },
  ])
  t.strictSame(await readAll(state), { seqs: [1, 4], times: [1, 4], damage: 1 })

  const tooNew = readFileSync(path(1))
  tooNew[4] = 9
  writeFileSync(path(1), tooNew)
  await t.rejects(inspectLog(directory), /version is 9, want at most 1; start the conprof that wrote it/)
})

t.test('append() refuses what the log could not hold', async (t) => {
  const directory = t.testdir()
  const writer = writerFor(directory, await inspectLog(directory))
  await t.rejects(writer.append({ ...attempt(1), httpStatus: 70_000 }), /HTTP status 70000, want 0 to 65535/)
  await t.rejects(writer.append(attempt(1, 65 * 1024 * 1024)), /body of 68157440 bytes/)
  await t.rejects(
    writer.append({ ...attempt(1), labels: { job: 'x'.repeat(400_000) } }),
    /1 labels are too large/,
  )
  t.equal((await writer.append(attempt(1))).seq, 1)
  await writer.close()
})

t.test('a full disk rejects with DISK_FULL and passes by itself', async (t) => {
  const script = `
    import { rm, writeFile, readdir } from 'node:fs/promises'
    import { inspectLog, readSegment } from './collector/wal/read-log.ts'
    import { WalWriter } from './collector/wal/wal-writer.ts'
    const directory = process.argv[1]
    const state = await inspectLog(directory)
    let abandoned = 0
    const onAbandon = () => abandoned++
    const writer = new WalWriter({ directory, writer: 'w', nextSeq: 1, previous: state.previous, flushDelayMs: 1, onAbandon })
    const attempt = (n) => ({ labels: { job: 'a' }, timeMs: n, durationMs: 1, health: 'ok', httpStatus: 200, body: Buffer.alloc(100_000, n) })
    const acknowledged = [], codes = new Set()
    for (let n = 0; n < 60; n++) {
      if (n === 50) await rm(directory + '/ballast')
      if (n === 10) await writeFile(directory + '/ballast', Buffer.alloc(2_000_000))
      await writer.append(attempt(n)).then(() => acknowledged.push(n), (error) => codes.add(error.code))
    }
    await writer.close()
    const found = []
    for (const segment of (await inspectLog(directory)).segments)
      for (const entry of await readSegment(segment)) found.push(entry.kind === 'attempt' ? entry.attempt.timeMs : entry)
    console.log(JSON.stringify({ acknowledged, found, codes: [...codes], abandoned }))`
  const directory = t.testdir()
  let output: string
  try {
    const mount = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$1" --input-type=module -e "$2" -- "$0"'
    const args = ['-rm', 'sh', '-c', mount, directory, process.execPath, script]
    output = execFileSync('unshare', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const reason = String((error as { stderr?: string }).stderr ?? error)
    if (/unshare|mount|ENOENT/.test(reason)) {
      t.pass(`no file system to fill: ${reason}`, { skip: true })
      return
    }
    throw error
  }
  const { acknowledged, found, codes, abandoned } = JSON.parse(output)
  t.strictSame(found, acknowledged)
  t.strictSame(codes, ['DISK_FULL'])
  t.ok(abandoned > 0)
  t.ok(acknowledged.length < 60)
  t.equal(acknowledged.at(-1), 59, 'it went on once there was room')
})

t.test('a failed write costs its segment, not the attempts', async (t) => {
  const script = `
    import { inspectLog, readSegment } from './collector/wal/read-log.ts'
    import { WalWriter } from './collector/wal/wal-writer.ts'
    process.on('SIGXFSZ', () => {})
    const directory = process.argv[1]
    const state = await inspectLog(directory)
    const abandoned = []
    const onAbandon = (path, error) => abandoned.push(error.code)
    const writer = new WalWriter({ directory, writer: 'w', nextSeq: 1, previous: state.previous, flushDelayMs: 1, onAbandon })
    const body = Buffer.alloc(100_000)
    for (let n = 0; n < 60; n++) await writer.append({ labels: { job: 'a' }, timeMs: n, durationMs: 1, health: 'ok', httpStatus: 200, body })
    await writer.close()
    const found = []
    const { segments } = await inspectLog(directory)
    for (const segment of segments)
      for (const entry of await readSegment(segment)) found.push(entry.kind === 'attempt' ? entry.attempt.timeMs : entry)
    console.log(JSON.stringify({ found, abandoned, segments: segments.length }))`
  const limit = 'ulimit -f 2000 && exec "$1" --input-type=module -e "$2" -- "$0"'
  const output = execFileSync('bash', ['-c', limit, t.testdir(), process.execPath, script], {
    encoding: 'utf8',
  })
  const { found, abandoned, segments } = JSON.parse(output)
  t.strictSame(
    found,
    Array.from({ length: 60 }, (_, i) => i),
  )
  t.ok(segments > 1)
  t.strictSame(new Set(abandoned), new Set(['EFBIG']))
})
