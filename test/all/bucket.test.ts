import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import type { BlocksAnswer, ProfilesAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { startConprof } from '../support/conprof.ts'
import { startGate } from '../support/gate.ts'
import { until } from '../support/until.ts'
import { startVersitygw } from '../support/versitygw.ts'

const dir = t.testdir({ first: {}, second: {} })
const corpus = new URL('../testdata/corpus/etcd/heap/', import.meta.url)
const bodies = readdirSync(corpus)
  .sort()
  .map((name) => readFileSync(new URL(name, corpus)))

t.test('blocks go to S3, wait while it is away, and are all another conprof needs', async (t) => {
  const store = await startVersitygw(t)
  const gate = await startGate(t, store.endpoint)
  let served = 0
  const program = createServer((_, response) => response.end(bodies[served++ % bodies.length]))
  await new Promise<void>((resolve) => program.listen(0, '127.0.0.1', resolve))
  t.teardown(() => program.close())

  const config = join(dir, 'conprof.yaml')
  const only = {
    cpu: { enabled: false },
    goroutine: { enabled: false },
    block: { enabled: false },
    mutex: { enabled: false },
  }
  const address = `127.0.0.1:${(program.address() as AddressInfo).port}`
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [
        {
          job_name: 'etcd',
          static_configs: [{ targets: [address] }],
          profiling_config: { pprof_config: only },
        },
      ],
    }),
  )
  const objstore = join(dir, 'objstore.yaml')
  writeFileSync(
    objstore,
    JSON.stringify({
      type: 'S3',
      prefix: 'clusters/test',
      config: {
        bucket: await store.createBucket(),
        endpoint: gate.address,
        insecure: true,
        access_key: store.accessKey,
        secret_key: store.secretKey,
      },
    }),
  )
  const flags = [`--config.file=${config}`, `--objstore.config-file=${objstore}`, '--block.duration=3s']
  const query = { query: '{job="etcd"}', start: 'now-1h', limit: '1000' }
  const profiles = async (url: string) => (await askApi<ProfilesAnswer>(url, 'profiles', query)).data.profiles
  const stored = async (url: string) => {
    const { blocks } = (await askApi<BlocksAnswer>(url, 'status/blocks')).data
    return blocks.filter(({ place }) => place === 'bucket')
  }

  // What is told of the bucket is up to 30 s old.
  const listingMs = 70_000
  const first = await startConprof([...flags, `--storage.path=${join(dir, 'first')}`])
  t.teardown(() => first.stop())
  await until('a block in the bucket', async () => (await stored(first.url)).length > 0, listingMs)

  await gate.close()
  const before = (await profiles(first.url)).length
  const during = await until(
    'profiles of two blocks more',
    async () => {
      const now = await profiles(first.url)
      return now.length >= before + 7 ? now : undefined
    },
    listingMs,
  )
  t.equal((await fetch(`${first.url}/-/ready`)).status, 200, 'ready, as it was before')
  t.equal((await fetch(`${first.url}/-/healthy`)).status, 200)

  await gate.open()
  // In any order: a block that was refused just now does not hold up the next.
  await until(
    'what waited in the bucket',
    async () => {
      const blocks = await stored(first.url)
      const isStored = ({ time }: { time: number }) =>
        blocks.some(({ minTime, maxTime }) => minTime <= time && time <= maxTime)
      return during.every(isStored)
    },
    listingMs,
  )
  await first.stop()

  writeFileSync(config, JSON.stringify({ scrape_configs: [] }))
  const second = await startConprof([...flags, `--storage.path=${join(dir, 'second')}`])
  t.teardown(() => second.stop())
  // An answer may lack what the bucket did not give in time, and says so.
  const kept = await until('an answer without warnings', async () => {
    const { data, warnings } = await askApi<ProfilesAnswer>(second.url, 'profiles', query)
    return warnings.length === 0 && data.profiles
  })
  const ids = new Set(kept.map(({ id }) => id))
  t.same(
    during.filter(({ id }) => !ids.has(id)),
    [],
    'nothing is missing',
  )
  t.equal(ids.size, kept.length, 'nothing is there twice')
  // A slow machine makes a scrape late now and then, which has a row and no body.
  const profile = kept.findLast(({ hasBody }) => hasBody)
  const response = await fetch(`${second.url}/api/v1/profile?id=${profile?.id}`)
  t.equal(response.status, 200)
  const bytes = gunzipSync(Buffer.from(await response.arrayBuffer()))
  t.ok(
    bodies.some((body) => gunzipSync(body).equals(bytes)),
    'byte for byte as it was scraped',
  )
})
