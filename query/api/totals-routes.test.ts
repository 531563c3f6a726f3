import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { MemoryBucket } from '../../bucket/memory-bucket.ts'
import { silentLogger } from '../../lib/log.ts'
import { askApi } from '../../test/support/ask-api.ts'
import { putCorpusBlock } from '../../test/support/corpus-block.ts'
import { Catalog } from '../catalog.ts'
import { createApi } from './create-api.ts'
import type { StorageAnswer } from './overview-types.ts'
import type { BlocksAnswer, ExplainAnswer, ProfilesAnswer, QueryRangeAnswer, TopAnswer } from './types.ts'
import type { BreakdownAnswer, HeatmapAnswer } from './view-types.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Past, and its day is over soon enough for nobody to care. */
const at = Math.floor(Date.now() / hourMs) * hourMs - 26 * hourMs
const range = { start: String(at / 1000), end: String((at + hourMs) / 1000) }

/** Two namespaces of the same programs, one of them with three times the pods; one block of each. */
async function startApi(t: Test) {
  const bucket = new MemoryBucket()
  const put = (namespace: string, pods: readonly string[], startMs: number, writer: string) =>
    putCorpusBlock(bucket, {
      series: pods.flatMap((pod) =>
        ['etcd/heap', 'etcd/cpu'].map((from) => ({ from, labels: { namespace, pod } })),
      ),
      ...{ count: 4, stepMs: minuteMs, startMs, writer },
    })
  await put('shop', ['cart-1', 'cart-2', 'cart-3'], at + minuteMs, 'w1')
  await put('mail', ['smtp-1'], at + minuteMs, 'w2')
  await put('mail', ['imap-1'], at - 50 * hourMs, 'w3')
  await put('mail', ['imap-1'], at + 3 * hourMs, 'w4')
  const [log, registry] = [silentLogger(), new Registry()]
  const build = { version: '1', revision: '', nodeVersion: '' }
  const catalog = new Catalog({ bucket, log, registry })
  const api = createApi({ catalog, flags: {}, build, log, registry })
  const server = createServer(new Koa().use(api.routes()).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = async <Data>(path: string, parameters: Readonly<Record<string, string>>) => {
    const { data, warnings } = await askApi<Data>(url, path, { ...range, ...parameters })
    t.strictSame(warnings, [], path)
    return data
  }
  return { ask }
}

t.test('what is made of totals alone', async (t) => {
  const { ask } = await startApi(t)

  await t.test('a breakdown says what merges of its parts say', async (t) => {
    // An average is rounded for each stack where there are stacks, so that is another sum.
    for (const [query, type, agg] of [
      ['heap', 'inuse_space', 'sum'],
      ['heap', 'inuse_space', 'last'],
      ['heap', 'alloc_space', 'delta'],
      ['cpu', 'cpu', 'sum'],
    ] as const) {
      const broken = await ask<BreakdownAnswer>('breakdown', { query, type, agg, by: 'pod' })
      t.match(broken, { by: 'pod', type, profiles: 16, series: 4, rangeSeconds: 3600 })
      t.equal(broken.groups.length, 4)
      const totals = broken.groups.map(({ total }) => BigInt(total))
      t.strictSame(
        totals,
        totals.toSorted((a, b) => (a > b ? -1 : a < b ? 1 : 0)),
      )
      for (const { value, total } of broken.groups) {
        const top = await ask<TopAnswer>('profile', {
          ...{ query: `${query}{pod="${value}"}`, type, agg, format: 'top' },
        })
        t.equal(total, top.sum, `${type} ${agg} of ${value}`)
      }
    }
    const byNamespace = await ask<BreakdownAnswer>('breakdown', { query: 'cpu', by: 'namespace' })
    t.strictSame(
      byNamespace.groups.map(({ value, series, profiles }) => [value, series, profiles]),
      [
        ['shop', 3, 12],
        ['mail', 1, 4],
      ],
    )
    t.match((await ask<BreakdownAnswer>('breakdown', { query: 'cpu', by: 'nothing' })).groups, [
      { value: '' },
    ])
    await t.rejects(ask('breakdown', { query: '{pod="cart-1"}', by: 'pod' }), /profile types/)
  })

  await t.test('a heat map has the profiles of the plot', async (t) => {
    const map = await ask<HeatmapAnswer>('heatmap', { query: 'cpu', columns: '60', rows: '10' })
    const plot = await ask<QueryRangeAnswer>('query_range', { query: 'cpu' })
    const values = plot.result.flatMap((series) => series.values.map(([, value]) => Number(value)))
    t.match(map, { type: 'cpu', unit: 'nanoseconds', profiles: plot.profiles, series: plot.series })
    t.equal(
      map.cells.reduce((sum, [, , count]) => sum + count, 0),
      plot.profiles,
    )
    t.equal(map.minValue, Math.min(...values))
    t.equal(map.maxValue, Math.max(...values))
    t.equal(plot.newest, at + 4 * minuteMs)
  })

  await t.test('profiles by value come in pages that miss and repeat nothing', async (t) => {
    const seen: ProfilesAnswer['profiles'][number][] = []
    for (let cursor: string | undefined; ; ) {
      const page: ProfilesAnswer = await ask('profiles', {
        ...{ query: 'heap', sort: 'total', type: 'inuse_space', limit: '3' },
        ...(cursor === undefined ? {} : { cursor }),
      })
      seen.push(...page.profiles)
      if (page.next === undefined) break
      cursor = page.next
    }
    t.equal(seen.length, 16)
    t.equal(new Set(seen.map(({ id }) => id)).size, 16)
    const totals = seen.map(({ totals: [total] }) => Number(total!.value))
    t.strictSame(
      totals,
      totals.toSorted((a, b) => b - a),
    )
    await t.rejects(ask('profiles', { query: '', sort: 'total' }), /2 profile types/)
    await t.rejects(ask('profiles', { query: 'heap', sort: 'total', cursor: seen[0]!.id }), /"cursor"/)
  })

  await t.test('storage is shared by what is in blocks, and nothing of them is left over', async (t) => {
    const { blocks } = await ask<BlocksAnswer>('status/blocks', {})
    const sizeBytes = blocks.reduce((sum, block) => sum + block.sizeBytes, 0)
    const costs = await ask<StorageAnswer>('status/storage', { by: 'namespace' })
    t.match(costs.groups, [
      { value: 'shop', series: 6, profiles: 24, attempts: 24 },
      { value: 'mail', series: 2, profiles: 8, attempts: 8 },
    ])
    t.ok(Math.abs(costs.storedBytes - sizeBytes) <= 2, `${costs.storedBytes} of ${sizeBytes}`)
    t.equal(costs.scrapedBytes, costs.groups[0]!.scrapedBytes + costs.groups[1]!.scrapedBytes)
    t.equal(costs.groups[0]!.scrapedBytes, 3 * costs.groups[1]!.scrapedBytes)
    const half = await ask<StorageAnswer>('status/storage', {
      ...{ by: 'namespace', end: String((at + 2 * minuteMs) / 1000) },
    })
    t.ok(Math.abs(half.storedBytes - costs.storedBytes / 2) <= 2, 'of half of the rows')
    t.match((await ask<StorageAnswer>('status/storage', { by: 'profile_type' })).groups.length, 2)
  })

  await t.test('an empty answer is explained', async (t) => {
    const explained = await ask<ExplainAnswer>('explain', {
      query: 'cpu{namespace="mail", pod=~"imap-.*"}',
    })
    t.strictSame(explained, {
      series: 0,
      matchers: [
        { matcher: 'profile_type="cpu"', seriesWithout: 0, values: [] },
        { matcher: 'namespace="mail"', seriesWithout: 0, values: [] },
        { matcher: 'pod=~"imap-.*"', seriesWithout: 1, values: ['smtp-1'] },
      ],
      before: at - 50 * hourMs + 3 * minuteMs,
      after: at + 3 * hourMs,
    })
    const near = await ask<ExplainAnswer>('explain', { query: '{namespace="shop", pod="cart-4"}' })
    t.strictSame(near.matchers[1], {
      ...{ matcher: 'pod="cart-4"', seriesWithout: 6, values: ['cart-1', 'cart-2', 'cart-3'] },
    })
    t.strictSame([near.before, near.after], [0, 0])
    t.match(await ask<ExplainAnswer>('explain', { query: 'allocs{namespace="shop"}' }), {
      series: 3,
      matchers: [{ matcher: 'profile_type="allocs"', seriesWithout: 6, values: ['cpu', 'heap'] }, {}],
    })
    t.match(await ask<ExplainAnswer>('explain', { query: '' }), { series: 8, matchers: [] })
  })
})
