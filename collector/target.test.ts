import t from 'tap'
import { loadConfig } from './config/load-config.ts'
import { targetsOf } from './target.ts'

/** Targets of one address under a job's fields, indented by four. */
function targetsIn(
  job: string,
  options: { readonly labels?: Record<string, string>; address?: string } = {},
) {
  const { externalLabels, scrapeConfigs } = loadConfig(
    `global: {external_labels: {cluster: eu, job: external}}\nscrape_configs:\n  - job_name: api\n${job}`,
    'conprof.yaml',
  )
  const { address = '10.0.0.1:6060', labels = {} } = options
  const group = { source: 'test', labels, targets: [{ __address__: address }] }
  return targetsOf(group, scrapeConfigs[0]!, externalLabels)
}

const cpuAndHeap = `    profiling_config:
      pprof_config: {block: {enabled: false}, mutex: {enabled: false}, goroutine: {enabled: false}}
`

t.test('targetsOf() multiplies a target by the types of its job', (t) => {
  const { active, dropped } = targetsIn('', { labels: { team: 'x', __meta_zone: 'z' } })
  t.same(dropped, [])
  t.same(
    active.map(({ profileType, url, seconds, timeoutMs, keepEmpty }) => [
      profileType,
      url,
      seconds,
      timeoutMs,
      keepEmpty,
    ]),
    [
      ['block', 'http://10.0.0.1:6060/debug/pprof/block', undefined, 10_000, false],
      ['cpu', 'http://10.0.0.1:6060/debug/pprof/profile?seconds=10', 10, 20_000, true],
      ['goroutine', 'http://10.0.0.1:6060/debug/pprof/goroutine', undefined, 10_000, true],
      ['heap', 'http://10.0.0.1:6060/debug/pprof/heap', undefined, 10_000, true],
      ['mutex', 'http://10.0.0.1:6060/debug/pprof/mutex', undefined, 10_000, false],
    ],
  )
  const cpu = active[1]!
  t.same(Object.entries(cpu.labels), [
    ['cluster', 'eu'],
    ['instance', '10.0.0.1:6060'],
    ['job', 'api'],
    ['profile_path', '/debug/pprof/profile'],
    ['profile_type', 'cpu'],
    ['service_name', 'api'],
    ['team', 'x'],
  ])
  t.same(cpu.discoveredLabels, {
    __address__: '10.0.0.1:6060',
    __meta_zone: 'z',
    __param_seconds: '10',
    __profile_path__: '/debug/pprof/profile',
    __profile_type__: 'cpu',
    __scheme__: 'http',
    __scrape_interval__: '1m',
    __scrape_timeout__: '10s',
    job: 'api',
    team: 'x',
  })
  t.match(cpu, { job: 'api', scheme: 'http', address: '10.0.0.1:6060', intervalMs: 60_000 })
  t.equal(new Set(active.map(({ key }) => key)).size, 5)
  t.end()
})

t.test('targetsOf() lets rules change what is scraped and how', (t) => {
  const { active, dropped } = targetsIn(`${cpuAndHeap}    params: {debug: ['0', '1']}
    relabel_configs:
      - {target_label: __scheme__, replacement: https}
      - {source_labels: [__address__], regex: '(.*):\\d+', target_label: __address__, replacement: '$1:1234'}
      - {source_labels: [__profile_type__], regex: cpu, target_label: __param_seconds, replacement: '3'}
      - {source_labels: [__profile_type__], regex: heap, target_label: __param_seconds, replacement: '3'}
      - {source_labels: [__profile_type__], regex: heap, target_label: __profile_path__, replacement: /h}
      - {target_label: __scrape_interval__, replacement: 20s}
      - {target_label: __scrape_timeout__, replacement: 7s}
      - {target_label: service_name, replacement: shop/api}
      - {target_label: instance, replacement: one}
`)
  t.same(dropped, [])
  t.same(
    active.map(({ url, intervalMs, timeoutMs, labels }) => [
      url,
      intervalMs,
      timeoutMs,
      labels['profile_path'],
    ]),
    [
      [
        'https://10.0.0.1:1234/debug/pprof/profile?debug=0&debug=1&seconds=3',
        20_000,
        10_000,
        '/debug/pprof/profile',
      ],
      ['https://10.0.0.1:1234/h?debug=0&debug=1', 20_000, 7_000, '/h'],
    ],
    'a heap never gets seconds',
  )
  t.match(active[0]?.labels, { service_name: 'shop/api', instance: 'one', job: 'api' })
  t.end()
})

t.test('targetsOf() drops one type and says why', (t) => {
  const { active, dropped } = targetsIn(
    `${cpuAndHeap}    relabel_configs: [{action: drop, source_labels: [__profile_type__], regex: cpu}]\n`,
  )
  t.same(
    active.map(({ profileType }) => profileType),
    ['heap'],
  )
  t.match(dropped, [{ job: 'api', profileType: 'cpu', reason: 'dropped by relabel_configs' }])
  t.end()
})

t.test('targetsOf() adds the port of the scheme', (t) => {
  const urlOf = (address: string, scheme: string) =>
    targetsIn(`    scheme: ${scheme}\n`, { address }).active.find((x) => x.profileType === 'heap')?.url
  t.equal(urlOf('api', 'http'), 'http://api:80/debug/pprof/heap')
  t.equal(urlOf('api', 'https'), 'https://api:443/debug/pprof/heap')
  t.equal(urlOf('[::1]', 'http'), 'http://[::1]:80/debug/pprof/heap')
  t.equal(urlOf('[::1]:6060', 'http'), 'http://[::1]:6060/debug/pprof/heap')
  t.end()
})

t.test('targetsOf() says what makes a target unusable', (t) => {
  const reasonFor = (name: string, value: string) =>
    targetsIn(`${cpuAndHeap}    relabel_configs: [{target_label: ${name}, replacement: '${value}'}]\n`)
      .dropped[0]?.reason
  t.same(
    [
      reasonFor('__scheme__', 'ftp'),
      reasonFor('__address__', ''),
      reasonFor('__address__', 'user@host:1'),
      reasonFor('__address__', 'host:99999'),
      reasonFor('__profile_path__', ''),
      reasonFor('__scrape_interval__', 'soon'),
      reasonFor('__scrape_interval__', '5s'),
      reasonFor('__scrape_interval__', '12s'),
      reasonFor('__param_seconds', '0.5'),
    ],
    [
      '__scheme__ is "ftp": want http or https',
      '__address__ is "": want host:port',
      '__address__ is "user@host:1": want host:port',
      '__address__ is "host:99999": want host:port',
      '__profile_path__ is empty',
      '__scrape_interval__: duration "soon": want numbers with units from y to ms, such as 1h30m',
      '__scrape_timeout__ is longer than __scrape_interval__',
      '__param_seconds 10 and 5 s do not fit into __scrape_interval__ 12s',
      '__param_seconds is "0.5": want a whole number above 0',
    ],
  )
  t.end()
})

t.test('targetsOf() takes what a group says over what the job says, and keeps keys over a reload', (t) => {
  const labels = { __scheme__: 'https', __param_seconds: '2', job: 'other' }
  const [cpu] = targetsIn(cpuAndHeap, { labels }).active
  t.match(cpu, { url: 'https://10.0.0.1:6060/debug/pprof/profile?seconds=2', seconds: 2 })
  t.match(cpu?.labels, { job: 'other', service_name: 'other' })
  const [again] = targetsIn(`    scrape_interval: 30s\n${cpuAndHeap}`, { labels }).active
  t.equal(again?.key, cpu?.key)
  t.not(targetsIn(cpuAndHeap).active[0]?.key, cpu?.key)
  t.end()
})
