import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { MemoryBucket } from '../../bucket/memory-bucket.ts'
import { profileId, sortLabels } from '../../profile/labels.ts'
import { createBlockBuilder } from '../create-block-builder.ts'
import { catProfile } from './cat-profile.ts'
import { inspectBlock } from './inspect-block.ts'
import { listBlocks } from './list-blocks.ts'
import { verifyBlock } from './verify-block.ts'

const corpus = fileURLToPath(new URL('../../test/testdata/corpus/etcd/', import.meta.url))

async function bucketOfEtcd(): Promise<{
  bucket: MemoryBucket
  key: string
  files: Map<string, Uint8Array>
}> {
  const builder = createBlockBuilder()
  const files = new Map<string, Uint8Array>()
  let seq = 0
  const common = { durationMs: 4, httpStatus: 200 } as const
  for (const type of ['heap', 'goroutine']) {
    const labels = sortLabels([
      ['job', 'etcd'],
      ['service_name', 'etcd'],
      ['profile_type', type],
    ])
    for (const name of readdirSync(`${corpus}${type}`).sort()) {
      const timeMs = Number.parseInt(name, 10)
      const body = readFileSync(`${corpus}${type}/${name}`)
      files.set(profileId(timeMs, labels), gunzipSync(body))
      builder.append({ ...common, labels, timeMs, health: 'ok', body }, { writer: 'w', seq: ++seq })
    }
    const html = Buffer.from('<html>no profile</html>')
    const timeMs = 1795390000000
    files.set(profileId(timeMs, labels), html)
    builder.append(
      { ...common, labels, timeMs, health: 'not-pprof', body: html },
      { writer: 'w', seq: ++seq },
    )
    builder.append({ ...common, labels, timeMs: timeMs + 1, health: 'timeout' }, { writer: 'w', seq: ++seq })
  }
  const encoded = builder.encode()!
  const bucket = new MemoryBucket()
  const key = `blocks/${encoded.key}`
  await bucket.put(key, encoded.bytes)
  return { bucket, key, files }
}

t.test('listBlocks() has a line per block and names what is none', async (t) => {
  t.match(await listBlocks(new MemoryBucket()), /^no blocks in /)
  const { bucket, key } = await bucketOfEtcd()
  await bucket.put(
    'blocks/2026-11-23/1795390000000-1795390000000-2-0123456789abcdef.block',
    new Uint8Array(50),
  )
  const text = await listBlocks(bucket)
  t.match(text, /^FROM +TO +LEVEL +SERIES +PROFILES +SIZE +KEY\n/)
  t.match(text, key)
  t.match(text, /\n2 blocks, /)
  t.match(text, /0123456789abcdef\.block: read footer of block .*: no CONPROF1 at the end/)
})

t.test('inspectBlock() shows sections, cover and series', async (t) => {
  const { bucket, key, files } = await bucketOfEtcd()
  const text = await inspectBlock(bucket, key)
  t.match(text, `holds     ${files.size + 2} attempts, ${files.size} profiles, 2 series`)
  t.match(text, /covers {4}w: 1-\d+\n/)
  for (const section of ['sums', 'bodies', 'symbols', 'rows', 'tail']) t.match(text, `\n${section} `)
  t.match(text, /31 +1 +1 +\S+ KiB +\S+ KiB +\{job="etcd", profile_type="heap", service_name="etcd"\}/)
  await t.rejects(inspectBlock(bucket, '2031-'), /find block "2031-" in .*: there is none/)
})

t.test('catProfile() returns every profile as it was scraped', async (t) => {
  const { bucket, files } = await bucketOfEtcd()
  for (const [id, bytes] of files) {
    if (!Buffer.from(await catProfile(bucket, id)).equals(bytes)) t.fail(`profile ${id} differs`)
  }
  const [id = ''] = files.keys()
  const hash = id.slice(id.indexOf('-') + 1)
  await t.rejects(catProfile(bucket, `1795390000001-${hash}`), /that attempt brought no profile/)
  await t.rejects(catProfile(bucket, `1795390000002-${hash}`), /no block in .* has it/)
  await t.rejects(catProfile(bucket, 'x'), /read profile "x": want an id such as/)
})

t.test('verifyBlock() finds every byte that was changed', async (t) => {
  const { bucket, key } = await bucketOfEtcd()
  const sound = await verifyBlock(bucket, key)
  t.match(sound, { isSound: true, text: /: sound, 64 attempts, 62 profiles of \d+ bytes\n$/ }, sound.text)
  const { sizeBytes } = await bucket.stat(key)
  const bytes = await bucket.getRange(key, 0, sizeBytes)
  let unseen = 0
  for (let i = 0; i < 60; i++) {
    const at = Math.floor((i * sizeBytes) / 60)
    const changed = Buffer.from(bytes)
    changed[at]! ^= 0x10
    await bucket.put(key, changed)
    const { isSound } = await verifyBlock(bucket, key)
    if (!isSound) continue
    unseen++
    t.comment(`byte ${at} of ${sizeBytes}`)
  }
  t.equal(unseen, 0)
})
