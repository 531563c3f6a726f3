import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Registry } from 'prom-client'
import t from 'tap'
import { createBlockBuilder } from '../block/create-block-builder.ts'
import { MemoryBucket } from '../bucket/memory-bucket.ts'
import { silentLogger } from '../lib/log.ts'
import { sortLabels } from '../profile/labels.ts'
import { Catalog } from '../query/catalog.ts'
import { drawProfile } from '../test/support/drawn-profile.ts'
import { exportMerged } from './export-merged.ts'
import { exportPprof } from './export-pprof.ts'
import { seriesFolder } from './file-names.ts'

const labels = sortLabels([
  ['job', 'j'],
  ['profile_type', 'cpu'],
  ['service_name', 'j'],
])
const timeMs = 1_795_380_901_000
const pprof = drawProfile({ types: ['cpu/nanoseconds'], stacks: { 'main;f': [3] } })
const page = Buffer.from('<html>no profile</html>')

/** Three profiles a second apart, and what came in place of a fourth. */
async function openCatalog(): Promise<Catalog> {
  const bucket = new MemoryBucket()
  const builder = createBlockBuilder()
  for (const [seq, body] of [pprof, page, pprof, pprof].entries()) {
    const health = body === page ? 'not-pprof' : 'ok'
    const attempt = {
      labels,
      timeMs: timeMs + seq * 1000,
      durationMs: 1,
      health,
      httpStatus: 200,
      body,
    } as const
    builder.append(attempt, { writer: 'w', seq })
  }
  const block = builder.encode()!
  await bucket.put(`blocks/${block.key}`, block.bytes)
  return new Catalog({ bucket, log: silentLogger(), registry: new Registry() })
}

const catalog = await openCatalog()
const said: string[] = []
const say = (text: string) => said.push(text)
const request = { catalog, matchers: [], startMs: timeMs, endMs: timeMs + 2000, warn: say, note: say }

t.test('exportPprof() writes what is in the range, and what is no pprof as it came', async (t) => {
  const directory = t.testdir({})
  const done = await exportPprof({ ...request, directory })
  t.equal(done.profileCount, 3)
  const folder = join(directory, seriesFolder(labels))
  for (const second of [0, 2]) {
    t.ok(gunzipSync(readFileSync(join(folder, `${timeMs + second * 1000}.pb.gz`))).equals(pprof))
  }
  t.ok(readFileSync(join(folder, `${timeMs + 1000}.bin`)).equals(page))
  t.strictSame(said, [])
})

t.test('exportMerged() adds up what is in the range, and notes what it cannot', async (t) => {
  const directory = t.testdir({})
  const asked = { ...request, directory, format: 'collapsed', by: ['job'] } as const
  const done = await exportMerged(asked)
  t.match(done, { profileCount: 2, fileCount: 1 })
  t.equal(readFileSync(join(directory, 'j-cpu.cpu.collapsed'), 'utf8'), 'main;f 6\n')
  t.strictSame(said, [
    '{job="j", profile_type="cpu"}: 1 bodies of the selection are no pprof profiles and were not merged',
  ])
})
