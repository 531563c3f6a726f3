import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { createBlockBuilder } from './create-block-builder.ts'
import { memorySource } from './memory-source.ts'
import { verifyBlock } from './verify-block.ts'

const corpus = new URL('../test/testdata/corpus/etcd/', import.meta.url)

function blockOfEtcd() {
  const builder = createBlockBuilder()
  const common = { durationMs: 4, httpStatus: 200 } as const
  let seq = 0
  for (const type of ['heap', 'goroutine']) {
    const labels = { job: 'etcd', profile_type: type, service_name: 'etcd' }
    const origin = () => ({ writer: 'w', seq: ++seq })
    const before = 1795380000000
    const html = Buffer.from('<html>no profile</html>')
    builder.append({ ...common, labels, timeMs: before, health: 'not-pprof', body: html }, origin())
    builder.append({ ...common, labels, timeMs: before + 1, health: 'timeout' }, origin())
    for (const name of readdirSync(new URL(`${type}/`, corpus)).sort()) {
      const body = readFileSync(new URL(`${type}/${name}`, corpus))
      builder.append({ ...common, labels, timeMs: Number.parseInt(name, 10), health: 'ok', body }, origin())
    }
  }
  return builder.encode()!
}

t.test('verifyBlock() finds every byte that was changed', async (t) => {
  const { key, bytes } = blockOfEtcd()
  t.same(await verifyBlock(memorySource(key, bytes)), { attempts: 64, profiles: 62, problems: [] })
  const unseen: number[] = []
  for (let i = 0; i < 60; i++) {
    const at = Math.floor((i * bytes.length) / 60)
    const changed = Uint8Array.from(bytes)
    changed[at]! ^= 0x10
    const { problems } = await verifyBlock(memorySource(key, changed))
    if (problems.length === 0) unseen.push(at)
  }
  t.same(unseen, [])
})

t.test('verifyBlock() compares the times with the name', async (t) => {
  const { bytes } = blockOfEtcd()
  const name = '2026-11-22/1795380000000-1795380000009-1-0123456789abcdef.block'
  const { problems } = await verifyBlock(memorySource(name, bytes))
  t.match(problems, [/^times are \d+ to \d+, the name says otherwise$/])
})
