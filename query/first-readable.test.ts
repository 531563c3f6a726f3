import t from 'tap'
import type { ByteSource } from '../block/block-reader.ts'
import { memorySource } from '../block/memory-source.ts'
import { firstReadable } from './first-readable.ts'

function gone(name: string, code: string): ByteSource & { reads: number } {
  const source = {
    name,
    sizeBytes: 4,
    reads: 0,
    read() {
      source.reads++
      return Promise.reject(Object.assign(new Error(`read ${name}: gone`), { code }))
    },
  }
  return source
}

t.test('firstReadable() reads on elsewhere, and stays there', async (t) => {
  const collector = gone('collector', 'AWAY')
  const source = firstReadable([collector, memorySource('bucket', Buffer.from('abcd'))])
  t.match(source, { name: 'collector', sizeBytes: 4 })
  for (let i = 0; i < 3; i++) t.equal(Buffer.from(await source.read(1, 2)).toString(), 'bc')
  t.equal(collector.reads, 1)
})

t.test('firstReadable() tries each copy for each of many reads at once', async (t) => {
  const gate = Promise.withResolvers<void>()
  const away = gone('collector', 'AWAY')
  const collector: ByteSource = {
    ...away,
    read: async (offset, length) => {
      if (offset === 1) await gate.promise
      return away.read(offset, length)
    },
  }
  const source = firstReadable([collector, memorySource('bucket', Buffer.from('abcd'))])
  const late = source.read(1, 1)
  t.equal(Buffer.from(await source.read(0, 1)).toString(), 'a')
  gate.resolve()
  t.equal(Buffer.from(await late).toString(), 'b')
})

t.test('firstReadable() says of all copies why', async (t) => {
  const source = firstReadable([gone('collector', 'AWAY'), gone('bucket', 'NOT_FOUND')])
  await t.rejects(source.read(0, 1), {
    message: 'read collector: gone; read bucket: gone',
    code: 'NOT_FOUND',
  })
})

t.test('firstReadable() tries nothing more once it was aborted', async (t) => {
  const second = gone('second', 'AWAY')
  const source = firstReadable([gone('first', 'AWAY'), second])
  await t.rejects(source.read(0, 1, { signal: AbortSignal.abort() }), { message: 'read first: gone' })
  t.equal(second.reads, 0)
})
