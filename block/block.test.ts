import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { sortLabels } from '../profile/labels.ts'
import { createMatcher } from '../profile/matcher.ts'
import type { BlockReader } from './block-reader.ts'
import { createBlockBuilder } from './create-block-builder.ts'
import { memorySource } from './memory-source.ts'
import { openBlock } from './open-block.ts'

const corpus = new URL('../test/testdata/corpus/', import.meta.url)

function series(): { program: string; type: string; files: string[] }[] {
  return readdirSync(corpus).flatMap((program) =>
    readdirSync(new URL(`${program}/`, corpus)).map((type) => ({
      program,
      type,
      files: readdirSync(new URL(`${program}/${type}/`, corpus)).sort(),
    })),
  )
}

t.test('a block gives every profile of the corpus back byte for byte', async (t) => {
  const builder = createBlockBuilder()
  let seq = 0
  let gzipBytes = 0
  for (const { program, type, files } of series())
    for (const file of files) {
      const body = readFileSync(new URL(`${program}/${type}/${file}`, corpus))
      gzipBytes += body.length
      const labels = sortLabels([
        ['job', program],
        ['service_name', program],
        ['profile_type', type],
      ])
      const timeMs = Number(file.split('.')[0])
      builder.append(
        { labels, timeMs, durationMs: 5, health: 'ok', httpStatus: 200, body },
        { writer: 'w', seq: seq++ },
      )
    }
  for (const compression of ['dense', 'fast'] as const) {
    const block = builder.encode({ compression })!
    const reader = await openBlock(memorySource(block.key, block.bytes))
    t.match(reader.meta, { attemptCount: seq, profileCount: seq, minTimeMs: builder.minTimeMs })
    t.same(reader.meta.covered, [{ writer: 'w', intervals: [{ first: 0, last: seq - 1 }] }])
    t.comment(`${compression}: ${(gzipBytes / block.bytes.length).toFixed(1)}`, reader.meta.sectionBytes)
    await checkBodies(t, reader)
  }
})

async function checkBodies(t: Test, reader: BlockReader) {
  let exact = 0
  let all = 0
  for (const { program, type, files } of series()) {
    const [ref] = reader.select([
      createMatcher('job', '=', program),
      createMatcher('profile_type', '=~', type),
    ])
    const [rows] = await reader.rows([ref!])
    t.equal(rows!.length, files.length)
    t.ok(
      rows!.flags.every((flags) => (flags & 7) === 3),
      `${program} ${type} has columns only`,
    )
    for (let i = 0; i < files.length; i++) {
      const raw = gunzipSync(readFileSync(new URL(`${program}/${type}/${files[i]}`, corpus)))
      if (Buffer.compare(raw, await reader.body(ref!, i)) === 0) exact++
      all++
    }
  }
  t.equal(exact, all)
}
