import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import bcrypt from 'bcryptjs'
import t, { type Test } from 'tap'
import type { FlamegraphAnswer, ProfilesAnswer, QueryRangeAnswer, TopAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { startConprof } from '../support/conprof.ts'
import { until } from '../support/until.ts'
import { askQuerier, type QuerierAnswer, startBurner } from './grafana-client.ts'

const cpu = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds'
const heap = 'memory:inuse_space:bytes:space:bytes'
const password = 'correct horse'

/** A program that burns a core, profiled for 3 of every 8 s, until there are `count` CPU profiles. */
async function startAll(t: Test, count: number) {
  const dir = t.testdir({ data: {} })
  const burner = await startBurner(t)
  const config = join(dir, 'conprof.yaml')
  writeFileSync(
    config,
    `
global: {scrape_interval: 8s, scrape_timeout: 8s}
scrape_configs:
  - job_name: burner
    static_configs: [{targets: ['${burner.address}'], labels: {namespace: shop, pod: burner-0, tier: hot}}]
    profiling_config: {pprof_config: {cpu: {seconds: 3}}}
`,
  )
  const token = join(dir, 'token')
  writeFileSync(token, 'a-token-of-ours')
  const common = [`--web.token-file=${token}`, `--config.file=${config}`]
  const beganMs = performance.now()
  const before = await burner.cpuSeconds()
  const all = await startConprof([...common, `--storage.path=${join(dir, 'data')}`])
  t.teardown(() => all.stop())
  const cpus = await until(
    `${count} CPU profiles`,
    async () => {
      const asked = { query: '{profile_type="cpu"}', start: 'now-1h', limit: '1000' }
      const { profiles } = (await askApi<ProfilesAnswer>(all.url, 'profiles', asked)).data
      const whole = profiles.filter(({ hasBody }) => hasBody)
      return whole.length >= count && whole
    },
    240_000,
    500,
  )
  const used = { cores: ((await burner.cpuSeconds()) - before) / ((performance.now() - beganMs) / 1000) }
  return { dir, token, used, all, newest: cpus[0]!, oldest: cpus.at(-1)! }
}

const { dir, token, used, all, newest, oldest } = await startAll(t, 6)
const endMs = newest.time + newest.durationSeconds * 1000
const startMs = oldest.time
const range = { start: String(startMs), end: String(endMs) }
const ours = { start: String(startMs / 1000), end: String(endMs / 1000) }

/** Both encodings say the same. */
async function ask(
  t: Test,
  method: string,
  request: Record<string, unknown>,
  url = all.url,
): Promise<QuerierAnswer> {
  const [protobuf] = await askQuerier(url, 'protobuf', [{ method, request }])
  const [json] = await askQuerier(url, 'json', [{ method, request }])
  t.strictSame(json, protobuf, `${method}: JSON says what protobuf says`)
  return protobuf!
}

t.test('profile types and labels', async (t) => {
  const { response: types } = await ask(t, 'ProfileTypes', range)
  const ids = types.profileTypes.map(({ ID }: { ID: string }) => ID)
  t.strictSame(
    ids,
    [
      'goroutine:goroutine:count:goroutine:count',
      'memory:alloc_objects:count:space:bytes',
      'memory:alloc_space:bytes:space:bytes',
      heap,
      'memory:inuse_objects:count:space:bytes',
      cpu,
      'process_cpu:samples:count:cpu:nanoseconds',
    ].sort(),
  )
  t.match(
    types.profileTypes.find(({ ID }: { ID: string }) => ID === cpu),
    { name: 'process_cpu', sampleType: 'cpu', sampleUnit: 'nanoseconds', periodType: 'cpu' },
  )
  const { response: names } = await ask(t, 'LabelNames', range)
  const { response: same } = await ask(t, 'LabelNames', { ...range, matchers: ['{}'] })
  t.strictSame(names, same, 'from summaries and from series')
  for (const name of ['__profile_type__', 'namespace', 'pod', 'service_name', 'tier'])
    t.ok(names.names.includes(name), name)
  const values = async (name: string, matchers: string[] = []) =>
    (await ask(t, 'LabelValues', { ...range, name, matchers })).response.names ?? []
  t.strictSame(await values('service_name'), ['burner'])
  t.strictSame(await values('__profile_type__'), ids)
  t.strictSame(await values('pod', ['{namespace="shop"}']), ['burner-0'])
  t.strictSame(await values('pod', ['{namespace="other"}']), [])
  t.strictSame(await values('pod', [`${heap}{namespace="shop"}`]), ['burner-0'], 'as variables ask')
  t.strictSame(await values('__type__', [`{__profile_type__="${heap}"}`]), ['inuse_space'])
  const { response: series } = await ask(t, 'Series', {
    ...range,
    matchers: ['{pod="burner-0"}'],
    labelNames: ['service_name', '__profile_type__'],
  })
  t.strictSame(
    series.labelsSet.map(({ labels }: { labels: { name: string; value: string }[] }) =>
      labels.map(({ name, value }) => `${name} ${value}`).join(', '),
    ),
    ids.map((id: string) => `__profile_type__ ${id}, service_name burner`),
  )
})

/** Mean cores over a time of which every profile stands for the part until the next one. */
function coresOver(
  profiles: readonly { readonly timeMs: number; readonly cores: number }[],
  [fromMs, toMs]: readonly [number, number],
): number {
  let weighted = 0
  let knownMs = 0
  for (const [i, { timeMs, cores }] of profiles.entries()) {
    const ms = Math.min(toMs, profiles[i + 1]?.timeMs ?? toMs) - Math.max(fromMs, timeMs)
    if (ms <= 0) continue
    weighted += cores * ms
    knownMs += ms
  }
  return weighted / knownMs
}

t.test('a process reads the cores that it burns, at every step', async (t) => {
  const { data: plot } = await askApi<QueryRangeAnswer>(all.url, 'query_range', {
    query: '{profile_type="cpu"}',
    ...ours,
  })
  const [{ values, coveredSeconds }] = plot.result as [QueryRangeAnswer['result'][number]]
  const profiles = values.map(([timeMs, value], i) => ({
    timeMs,
    cores: Number(value) / 1e9 / coveredSeconds![i]!,
  }))
  // Others use the machine too, so that it does not burn the whole of a core.
  const burnt = coresOver(profiles, [startMs, endMs]) / used.cores
  t.ok(burnt > 0.6 && burnt < 1.6, `profiles say ${burnt} of what the system says`)
  for (const [step, fromMs] of [
    [15, startMs],
    [60, endMs - 60_000],
    [300, endMs - 300_000],
  ] as const) {
    const { response } = await ask(t, 'SelectSeries', {
      ...{ profileTypeID: cpu, labelSelector: '{namespace="shop"}', groupBy: ['pod', 'tier'] },
      ...{ start: String(fromMs), end: range.end, step },
    })
    t.equal(response.series.length, 1)
    const [{ labels, points }] = response.series
    t.strictSame(labels, [
      { name: 'pod', value: 'burner-0' },
      { name: 'tier', value: 'hot' },
    ])
    t.equal(points.length, Math.floor((endMs - fromMs) / step / 1000), `a point for each ${step} s`)
    for (const { timestamp, value } of points) {
      // As Grafana does with types that it knows to be rates.
      const cores = value / step / 1e9
      const wanted = coresOver(profiles, [Number(timestamp) - step * 1000, Number(timestamp)])
      t.ok(Math.abs(cores / wanted - 1) < 0.001, `${cores} cores at a step of ${step} s, want ${wanted}`)
    }
  }
})

t.test('what was allocated is a rate, what is held is not', async (t) => {
  const select = async (profileTypeID: string, step: number, more = {}) => {
    const asked = { ...range, profileTypeID, labelSelector: '{}', step, ...more }
    return (await ask(t, 'SelectSeries', asked)).response.series
  }
  const seconds = Math.floor((endMs - startMs) / 1000)
  const held = await select(heap, seconds)
  const { data: plot } = await askApi<QueryRangeAnswer>(all.url, 'query_range', {
    query: '{profile_type="heap"}',
    type: 'inuse_space',
    ...ours,
    step: String(seconds),
  })
  const bytes = Number(plot.result[0]!.values[0]![1])
  t.ok(
    Math.abs(held[0].points[0].value / bytes - 1) < 0.3,
    `${held[0].points[0].value} bytes, ${bytes} on average`,
  )
  const [whole] = await select('memory:alloc_space:bytes:space:bytes', seconds)
  const parts = await select('memory:alloc_space:bytes:space:bytes', seconds / 3)
  const sum = parts[0].points.reduce((total: number, { value }: { value: number }) => total + value, 0)
  t.ok(Math.abs(sum / whole.points[0].value - 1) < 0.2, `${whole.points[0].value} in all, ${sum} in parts`)
  t.strictSame(await select(cpu, 15, { labelSelector: '{pod="none"}' }), undefined, 'nothing is no error')
  t.equal((await select(heap, 15, { groupBy: ['pod'], limit: 1 })).length, 1)
})

t.test('a point leads to a profile', async (t) => {
  const asked = { ...range, profileTypeID: cpu, labelSelector: '{}' }
  const { response } = await ask(t, 'SelectSeries', {
    ...asked,
    step: 15,
    exemplarType: 'EXEMPLAR_TYPE_INDIVIDUAL',
  })
  const [exemplar] = response.series[0].points[1].exemplars
  const { response: one } = await ask(t, 'SelectMergeStacktraces', {
    ...asked,
    profileIdSelector: [exemplar.profileId],
  })
  t.equal(one.flamegraph.total, exemplar.value)
  const { data } = await askApi<TopAnswer>(all.url, 'profile', {
    id: exemplar.profileId,
    format: 'top',
    type: 'cpu',
  })
  t.equal(one.flamegraph.total, data.total)
  const { code, message } = await ask(t, 'SelectMergeStacktraces', { ...asked, profileIdSelector: ['x'] })
  t.equal(code, 'invalid_argument')
  t.match(message, /profile "x": want <unix ms>-<16 hex digits>/)
})

/** Each bar of a flame graph as `path self total`. */
function bars({ names, levels }: { names: string[]; levels: { values: string[] }[] }): string[] {
  interface Bar {
    readonly path: string
    readonly from: bigint
    readonly to: bigint
  }
  const found: string[] = []
  let above: Bar[] = []
  for (const [depth, { values }] of levels.entries()) {
    const level: Bar[] = []
    let end = 0n
    for (let i = 0; i < values.length; i += 4) {
      const [distance, total, self] = values.slice(i, i + 3).map(BigInt) as [bigint, bigint, bigint]
      const from = end + distance
      end = from + total
      const parent = above.find((bar) => bar.from <= from && end <= bar.to)
      if (depth > 0 && parent === undefined) throw new Error(`level ${depth}: a bar outside of all parents`)
      const path = depth === 0 ? '' : `${parent!.path};${names[Number(values[i + 3])]}`
      level.push({ path, from, to: end })
      found.push(`${path} ${self} ${total}`)
    }
    above = level
  }
  return found.sort()
}

function barsOf({ names, name, depth, self, total }: FlamegraphAnswer): string[] {
  const path: string[] = []
  return depth
    .map((level, row) => {
      path.length = level
      if (level > 0) path.push(names[name[row]!]!)
      return `${path.map((each) => `;${each}`).join('')} ${self[row]} ${total[row]}`
    })
    .sort()
}

t.test('flame graphs and profiles are those of our own API', async (t) => {
  for (const [profileTypeID, query, type] of [
    [cpu, '{profile_type="cpu"}', 'cpu'],
    [heap, '{profile_type="heap"}', 'inuse_space'],
    ['memory:alloc_space:bytes:space:bytes', '{profile_type="heap"}', 'alloc_space'],
  ] as const) {
    const asked = { ...range, profileTypeID, labelSelector: '{namespace="shop"}' }
    const { response } = await ask(t, 'SelectMergeStacktraces', { ...asked, maxNodes: '100000' })
    const own = { query, type, ...ours }
    const graph = (await askApi<FlamegraphAnswer>(all.url, 'profile', { ...own, format: 'flamegraph' })).data
    t.equal(response.flamegraph.names[0], 'total')
    t.equal(response.flamegraph.total, graph.sum)
    t.strictSame(bars(response.flamegraph), barsOf(graph), `${type}: every bar`)

    const { response: profile } = await ask(t, 'SelectMergeProfile', asked)
    const sum = profile.sample.reduce(
      (total: bigint, { value }: { value: string[] }) => total + BigInt(value[0]!),
      0n,
    )
    t.equal(String(sum), graph.sum, `${type}: the profile's samples add up to it`)
    t.equal(profile.stringTable[Number(profile.sampleType[0].type)], type)
    const { response: again } = await ask(t, 'SelectMergeStacktraces', {
      ...asked,
      format: 'PROFILE_FORMAT_PPROF',
    })
    t.strictSame(again.pprof.profile, profile)
  }
})

t.test('a flame graph is folded, and cut to a call site', async (t) => {
  const asked = { ...range, profileTypeID: heap, labelSelector: '{}' }
  const { response: folded } = await ask(t, 'SelectMergeStacktraces', { ...asked, maxNodes: '3' })
  t.ok(folded.flamegraph.names.includes('other'))
  const shown = bars(folded.flamegraph)
  t.ok(shown.includes(` 0 ${folded.flamegraph.total}`), 'the root has it all')
  const others = shown.filter((bar) => bar.includes(';other '))
  t.ok(others.length > 0 && others.every((bar) => / (\d+) \1$/.test(bar)), 'others have themselves alone')
  const { response: whole } = await ask(t, 'SelectMergeStacktraces', { ...asked, profileTypeID: cpu })
  const callSite = [{ name: 'main.spin' }]
  const cut = { ...asked, profileTypeID: cpu, stackTraceSelector: { callSite } }
  const { response: site } = await ask(t, 'SelectMergeStacktraces', cut)
  const below = bars(whole.flamegraph).filter((bar) => bar.startsWith(';main.spin'))
  t.strictSame(
    bars(site.flamegraph).filter((bar) => !bar.startsWith(' ')),
    below,
  )
  const { response: profile } = await ask(t, 'SelectMergeProfile', cut)
  const sum = profile.sample.reduce(
    (total: bigint, { value }: { value: string[] }) => total + BigInt(value[0]!),
    0n,
  )
  t.equal(String(sum), site.flamegraph.total)
  const { code } = await ask(t, 'SelectSeries', { ...cut, step: 15 })
  t.equal(code, 'failed_precondition')
})

t.test('two sides are compared', async (t) => {
  const middle = String(Math.round((startMs + endMs) / 2))
  const left = { profileTypeID: heap, labelSelector: '{}', start: range.start, end: middle }
  const right = { ...left, start: middle, end: range.end }
  const { response } = await ask(t, 'Diff', { left, right })
  const [a, b] = await Promise.all(
    [left, right].map(
      async (side) => (await ask(t, 'SelectMergeStacktraces', side)).response.flamegraph.total,
    ),
  )
  t.match(response.flamegraph, { leftTicks: a, rightTicks: b, total: String(BigInt(a) + BigInt(b)) })
  const search = new URLSearchParams({
    leftQuery: `${heap}{}`,
    leftFrom: left.start,
    leftUntil: left.end,
    rightQuery: `${heap}{namespace="shop"}`,
    rightFrom: right.start,
    rightUntil: right.end,
    'max-nodes': '8192',
  })
  const older = (await (await fetch(`${all.url}/pyroscope/render-diff?${search}`)).json()) as {
    flamebearer: { names: string[]; levels: number[][] }
  }
  t.match(older, {
    metadata: { format: 'double', units: 'bytes' },
    leftTicks: Number(a),
    rightTicks: Number(b),
  })
  t.strictSame(
    older.flamebearer.levels,
    response.flamegraph.levels.map(({ values }: { values: string[] }) => values.map(Number)),
  )
  const { code, message } = await ask(t, 'Diff', { left, right: { ...right, profileTypeID: cpu } })
  t.equal(code, 'invalid_argument')
  t.match(message, /want the same profile type/)
})

t.test('the older form', async (t) => {
  const search = new URLSearchParams({
    query: `${cpu}{}`,
    from: range.start,
    until: range.end,
    groupBy: 'pod',
  })
  const response = await fetch(`${all.url}/pyroscope/render?${search}`)
  t.match(response.headers.get('content-type'), 'application/json')
  const rendered = (await response.json()) as {
    flamebearer: { numTicks: number; levels: number[][] }
    timeline: { samples: number[]; durationDelta: number }
    groups: Record<string, { samples: number[] }>
  }
  const { data } = await askApi<TopAnswer>(all.url, 'profile', {
    query: '{profile_type="cpu"}',
    type: 'cpu',
    ...ours,
    format: 'top',
  })
  t.equal(rendered.flamebearer.numTicks, Number(data.total))
  t.match(rendered, { version: 1, metadata: { format: 'single', units: 'samples', sampleRate: 1e9 } })
  t.equal(rendered.timeline.durationDelta, 15)
  t.strictSame(rendered.groups['burner-0']!.samples, rendered.timeline.samples)
  t.ok(rendered.timeline.samples.every((value) => value > 0))
  const get = async (path: string) => fetch(`${all.url}/pyroscope/${path}`)
  t.ok(((await (await get('label-values?label=__name__')).json()) as string[]).includes(cpu))
  t.strictSame(await (await get('label-values?label=pod&query={namespace="shop"}')).json(), ['burner-0'])
  const bad = await get('render?query=cpu{}')
  t.equal(bad.status, 400)
  t.match(await bad.json(), { code: 'invalid_argument', message: /profile type "cpu": want/ })
})

t.test('a call graph as DOT', async (t) => {
  const asked = { ...range, profileTypeID: cpu, labelSelector: '{}', format: 'PROFILE_FORMAT_DOT' }
  const { response } = await ask(t, 'SelectMergeStacktraces', asked)
  t.match(response.dot, /^digraph .*main\.?.*spin/s)
  const search = new URLSearchParams({
    query: `${cpu}{}`,
    from: range.start,
    until: range.end,
    format: 'dot',
  })
  t.equal(await (await fetch(`${all.url}/pyroscope/render?${search}`)).text(), response.dot)
})

t.test('the dashboard has something to show', async (t) => {
  const { panels } = JSON.parse(readFileSync('charts/conprof/files/grafana-dashboard.json', 'utf8')) as {
    readonly panels: readonly {
      readonly title: string
      readonly targets?: readonly Record<string, string>[]
    }[]
  }
  const metrics = await (await fetch(`${all.url}/metrics`)).text()
  const named: string[] = []
  for (const { title, targets = [] } of panels) {
    for (const { expr = '', profileTypeId, queryType, labelSelector = '', groupBy } of targets) {
      for (const [metric] of expr.matchAll(/\b(?:conprof|process)_\w+/g)) {
        named.push(metric)
        t.match(metrics, new RegExp(`^${metric}[ {]`, 'm'), `${title}: ${metric}`)
      }
      if (profileTypeId === undefined) continue
      const asked = {
        ...range,
        profileTypeID: profileTypeId,
        labelSelector: labelSelector.replace(/\$\{\w+:regex\}/, '.*'),
      }
      const { response } =
        queryType === 'profile'
          ? await ask(t, 'SelectMergeStacktraces', asked)
          : await ask(t, 'SelectSeries', { ...asked, step: 15, groupBy, limit: '20' })
      t.ok(Number(response.flamegraph?.total ?? response.series[0].points[0].value) > 0, title)
    }
  }
  t.ok(named.length > 8)
})

t.test('what is asked wrongly, or not answered', async (t) => {
  const cases: [method: string, request: Record<string, unknown>, code: string, message: RegExp][] = [
    [
      'SelectSeries',
      { profileTypeID: 'cpu', step: 15 },
      'invalid_argument',
      /profile type "cpu": want <name>/,
    ],
    ['SelectSeries', { profileTypeID: cpu, step: 0 }, 'invalid_argument', /step: 0 seconds/],
    ['SelectSeries', { ...range, profileTypeID: cpu, step: 0.001 }, 'invalid_argument', /want at most 11000/],
    ['LabelNames', { matchers: ['{a='] }, 'invalid_argument', /unexpected end/],
    ['LabelNames', { start: '2', end: '1' }, 'invalid_argument', /from 2 to 1/],
    [
      'SelectMergeStacktraces',
      { profileTypeID: cpu, spanSelector: ['a'] },
      'failed_precondition',
      /trace or span/,
    ],
    [
      'SelectMergeStacktraces',
      { profileTypeID: cpu, format: 'PROFILE_FORMAT_TREE' },
      'failed_precondition',
      /want a flame graph/,
    ],
    ['SelectMergeSpanProfile', {}, 'unimplemented', /does not answer/],
    ['SelectHeatmap', {}, 'unimplemented', /does not answer/],
  ]
  for (const [method, request, code, message] of cases) {
    const answer = await ask(t, method, request)
    t.equal(answer.code, code, method)
    t.match(answer.message, message)
  }
  const { response: none } = await ask(t, 'SelectMergeStacktraces', {
    profileTypeID: cpu,
    labelSelector: '{a="b"}',
  })
  t.strictSame(none, {}, 'nothing stored is no error')
  const { response: stats } = await ask(t, 'GetProfileStats', {})
  t.equal(stats.dataIngested, true)
  t.ok(Number(stats.oldestProfileTime) <= startMs)
  const { response: cost } = await ask(t, 'AnalyzeQuery', { ...range, query: `${cpu}{namespace="shop"}` })
  t.equal(cost.queryImpact.totalQueriedSeries, '1')
  const metrics = await (await fetch(`${all.url}/metrics`)).text()
  t.match(metrics, 'conprof_query_requests_total{route="/querier.v1.QuerierService/:other",code="501"}')
})

t.test('conprof query answers too, behind a prefix and a password', async (t) => {
  const web = join(dir, 'web.yaml')
  writeFileSync(web, JSON.stringify({ basic_auth_users: { ann: await bcrypt.hash(password, 4) } }))
  const query = await startConprof(
    [
      `--collectors=${all.url}`,
      `--storage.path=${join(dir, 'data')}`,
      `--web.token-file=${token}`,
      `--web.config.file=${web}`,
      '--web.route-prefix=/profiles',
    ],
    'query',
  )
  t.teardown(() => query.stop())
  const url = new URL(query.url)
  const asked = { ...range, profileTypeID: cpu, labelSelector: '{}' }
  const { code } = await ask(t, 'SelectMergeStacktraces', asked, url.href)
  t.equal(code, 'unauthenticated')
  url.username = 'ann'
  url.password = password
  const { response } = await ask(t, 'SelectMergeStacktraces', asked, url.href)
  const { response: same } = await ask(t, 'SelectMergeStacktraces', asked)
  t.strictSame(response, same)
})
