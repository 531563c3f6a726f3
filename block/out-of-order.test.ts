import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { sortLabels } from '../profile/labels.ts'
import { createBlockBuilder } from './create-block-builder.ts'
import { memorySource } from './memory-source.ts'
import { openBlock } from './open-block.ts'
import { readBodies } from './read-bodies.ts'

const folder = fileURLToPath(new URL('../test/testdata/corpus/etcd/heap/', import.meta.url))

t.test('a clock that is set back does not mix up bodies', async (t) => {
  const builder = createBlockBuilder()
  const labels = sortLabels([
    ['service_name', 'etcd'],
    ['profile_type', 'heap'],
  ])
  const bodies = readdirSync(folder).map((name) => readFileSync(`${folder}${name}`))
  const expected = new Map<string, Uint8Array>()
  for (let i = 0; i < 200; i++) {
    // Backwards in stretches, some times twice, across groups; every fifth has no body, every seventh is no pprof.
    const timeMs = 1795380000000 + ((i * 37) % 150)
    const body = i % 7 === 0 ? Buffer.from(`<html>${i}`) : bodies[i % bodies.length]!
    const common = { labels, timeMs, durationMs: 1, httpStatus: 200 }
    if (i % 5 === 0) builder.append({ ...common, health: 'timeout' }, { writer: 'w', seq: i })
    else {
      builder.append({ ...common, health: 'ok', body }, { writer: 'w', seq: i })
      expected.set(`${timeMs} ${i}`, body[0] === 0x1f ? gunzipSync(body) : body)
    }
  }
  for (const options of [
    {},
    { compression: 'fast' },
    { startMs: 1795380000050, endMs: 1795380000100 },
  ] as const) {
    const encoded = builder.encode(options)!
    const reader = await openBlock(memorySource('b', encoded.bytes))
    const [series] = reader.select([])
    const [rows] = await reader.rows([series!])
    let found = 0
    for await (const { row, bytes } of readBodies(reader, series!, rows!)) {
      const want = expected.get(`${rows!.timeMs[row]} ${rows!.seq[row]}`)
      if (want === undefined || !Buffer.from(want).equals(bytes))
        t.fail(`row ${row} of ${JSON.stringify(options)}`)
      const single = await reader.body(series!, row)
      if (!Buffer.from(single).equals(bytes)) t.fail(`body ${row} of ${JSON.stringify(options)}`)
      found++
    }
    const [minMs, maxMs] = [rows!.timeMs[0]!, rows!.timeMs.at(-1)!]
    t.ok(found > 10, `${found} bodies from ${minMs} to ${maxMs}`)
    if (!('startMs' in options)) t.equal(found, expected.size)
  }
})
