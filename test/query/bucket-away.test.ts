import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { BlocksAnswer, ProfilesAnswer, QueryRangeAnswer, TopAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { startConprof } from '../support/conprof.ts'
import { corpusConfig, startCorpusProgram } from '../support/corpus-program.ts'
import { startGate } from '../support/gate.ts'
import { until } from '../support/until.ts'
import { startVersitygw } from '../support/versitygw.ts'

t.test('what was scraped never changes, while blocks move and while S3 is away', async (t) => {
  const dir = t.testdir({ a: {}, b: {} })
  const [store, program] = await Promise.all([startVersitygw(t), startCorpusProgram(t)])
  const gate = await startGate(t, store.endpoint)
  const objstore = join(dir, 'objstore.yaml')
  const bucket = await store.createBucket()
  writeFileSync(
    objstore,
    JSON.stringify({
      type: 'S3',
      prefix: 'clusters/test',
      config: {
        ...{ bucket, endpoint: gate.address, insecure: true },
        ...{ access_key: store.accessKey, secret_key: store.secretKey },
      },
    }),
  )
  const collectors = await Promise.all(
    ['a', 'b'].map(async (job) => {
      const config = join(dir, `${job}.yaml`)
      writeFileSync(config, corpusConfig(job, program))
      const started = await startConprof(
        [
          `--config.file=${config}`,
          `--storage.path=${join(dir, job)}`,
          `--objstore.config-file=${objstore}`,
          '--block.duration=2s',
        ],
        'collector',
      )
      t.teardown(() => started.stop())
      return started
    }),
  )
  const query = await startConprof(
    [`--objstore.config-file=${objstore}`, ...collectors.map(({ url }) => `--collectors=${url}`)],
    'query',
  )
  t.teardown(() => query.stop())

  await gate.close()
  const beginMs = Date.now()
  await sleep(4500)
  const endMs = Date.now()
  const range = { start: String(beginMs / 1000), end: String(endMs / 1000) }
  const asked = { query: '{job=~"a|b"}', ...range }
  const seriesOf = async (times: typeof range) => {
    const question = { ...asked, ...times, limit: '1000' }
    const { profiles } = (await askApi<ProfilesAnswer>(query.url, 'profiles', question)).data
    return new Set(profiles.map(({ labels }) => JSON.stringify(labels)))
  }
  // Who has brought a later one brings none of the range any more.
  await until('the range to be complete', async () => {
    const later = await seriesOf({ start: range.end, end: String(Date.now() / 1000) })
    return (await seriesOf(range)).isSubsetOf(later)
  })
  /** Everything that the range is made of, and what it adds up to. */
  const state = async () => {
    const [list, plot, top] = await Promise.all([
      askApi<ProfilesAnswer>(query.url, 'profiles', { ...asked, limit: '1000' }),
      askApi<QueryRangeAnswer>(query.url, 'query_range', { ...asked, type: 'inuse_space' }),
      askApi<TopAnswer>(query.url, 'profile', { ...asked, type: 'inuse_space', agg: 'sum', format: 'top' }),
    ])
    const values = plot.data.result.flatMap((series) => series.values.map(([, value]) => BigInt(value)))
    return {
      warnings: [...new Set([list, plot, top].flatMap((answer) => answer.warnings))],
      ids: list.data.profiles.map(({ id }) => id),
      total: String(values.reduce((sum, value) => sum + value, 0n)),
      top: top.data.total,
    }
  }
  const { warnings, ...first } = await state()
  t.ok(first.ids.length >= 4, `${first.ids.length} profiles`)
  t.equal(new Set(first.ids).size, first.ids.length)
  t.equal(first.top, first.total)
  t.match(warnings, [/^bucket .* is missing from this answer: /])

  const blocks = async () => (await askApi<BlocksAnswer>(query.url, 'status/blocks', range)).data.blocks
  const namesIn = (place: string, all: BlocksAnswer['blocks']) =>
    new Set(all.filter((block) => block.place === place).map(({ name }) => name))
  const watch = async (durationMs: number, isDone: (all: BlocksAnswer['blocks']) => boolean) => {
    const untilMs = performance.now() + durationMs
    do {
      const { warnings, ...now } = await state()
      const others = warnings.filter((text) => !text.startsWith('bucket '))
      if (JSON.stringify(now) !== JSON.stringify(first) || others.length > 0) {
        t.strictSame({ ...now, warnings: others }, { ...first, warnings: [] })
        return
      }
    } while (performance.now() < untilMs && !isDone(await blocks()))
  }
  await watch(8000, () => false)
  const waiting = await until('both to have cut blocks', async () => {
    const all = await blocks()
    return new Set(all.map(({ collector }) => collector)).size === 2 ? all : undefined
  })
  t.strictSame(
    [...new Set(waiting.map(({ place, collector }) => `${place} ${collector}`))].sort(),
    collectors.map(({ url }) => `pending ${new URL(url).host}`).sort(),
  )
  await gate.open()
  const isUploaded = (all: BlocksAnswer['blocks']) =>
    namesIn('pending', waiting).isSubsetOf(namesIn('bucket', all))
  await watch(60_000, isUploaded)
  t.ok(isUploaded(await blocks()), 'all that waited is in the bucket')
  await watch(3000, () => false)
  const last = await state()
  t.strictSame(last, { ...first, warnings: [] })

  for (const collector of collectors) await collector.stop()
  const { warnings: without, ...alone } = await state()
  t.strictSame(alone, first, 'the bucket alone has it, too')
  t.equal(without.length, 2, 'but who knows what collectors had')
})
