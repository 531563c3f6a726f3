import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { MemoryBucket } from '../../bucket/memory-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { sortLabels } from '../../profile/labels.ts'
import { createApi } from '../api/create-api.ts'
import { Catalog } from '../catalog.ts'
import { MergeWorkers } from '../merge-workers/merge-workers.ts'
import type { CorpusFile } from './corpus-files.ts'

/** A profile of the corpus as one that a pod was scraped for. */
export interface StoredFile {
  readonly pod: string
  readonly file: CorpusFile
}

/** Labels that it is stored under. */
export function labelsOf({ pod, file }: StoredFile) {
  return sortLabels([
    ['pod', pod],
    ['profile_type', file.type],
    ['service_name', file.program],
  ])
}

/** The API over a bucket with one block for each pod; every merge is done in a worker where there are any. */
export async function startProfileApi(
  t: Test,
  stored: readonly StoredFile[],
  { workers = 0 }: { readonly workers?: number } = {},
): Promise<{ readonly url: string }> {
  const bucket = new MemoryBucket()
  let seq = 0
  for (const own of Map.groupBy(stored, ({ pod }) => pod).values()) {
    const builder = createBlockBuilder()
    for (const each of [...own].sort((a, b) => a.file.timeMs - b.file.timeMs)) {
      const { timeMs, body } = each.file
      builder.append(
        { labels: labelsOf(each), timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body },
        { writer: 'w', seq: seq++ },
      )
    }
    const { key, bytes } = builder.encode()!
    await bucket.put(`blocks/${key}`, bytes)
  }
  const registry = new Registry()
  const log = silentLogger()
  const merges = new MergeWorkers({ size: workers, registry, isSmall: () => false })
  const api = createApi({
    catalog: new Catalog({ bucket, heads: [], log, registry }),
    flags: {},
    build: { version: '', revision: '', nodeVersion: '' },
    log,
    registry,
    merges,
  })
  const server = createServer(new Koa().use(api.routes()).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    await merges.close()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1` }
}
