import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { ConfigError } from './config-error.ts'
import { defaultConfig } from './default-config.ts'
import { loadConfig } from './load-config.ts'

const folder = new URL('testdata/', import.meta.url)

/** File to its exact lines, without the file's name. */
const bad: Readonly<Record<string, readonly string[]>> = {
  'auth.bad.yaml': [
    '6:22: scrape_configs[0].basic_auth.password_file: either password or password_file, not both',
    '7:19: scrape_configs[0].bearer_token: a request has one kind of authorization, and basic_auth is there already',
    '10:7: scrape_configs[1].authorization: neither credentials nor credentials_file',
    '10:13: scrape_configs[1].authorization.type: basic has its own field, basic_auth',
    '13:7: scrape_configs[2].tls_config: cert without a key',
    '14:16: scrape_configs[2].tls_config.ca_file: either ca or ca_file, not both',
    '16:5: scrape_configs[2].oauth2: not supported, use authorization or basic_auth',
  ],
  'broken.bad.yaml': [
    '4:5: map keys must be unique',
    '6:1: flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  'discovery.bad.yaml': [
    '3:5: scrape_configs[0].kubernetes_sd_configs: not supported yet, use static_configs, file_sd_configs or http_sd_configs',
    '6:5: scrape_configs[1].dns_sd_configs: not supported yet, use static_configs, file_sd_configs or http_sd_configs',
  ],
  'generated.bad.yaml': [
    '2:33: scrape_configs[0].scheme: "7" is none of http, https',
    '3:4: scrape_configs[0].staticConfigs: unknown field, did you mean static_configs',
  ],
  'relabel.bad.yaml': [
    '4:9: scrape_configs[0].relabel_configs[0]: regular expression "(unclosed": missing closing )',
    '6:9: scrape_configs[0].relabel_configs[1]: replace needs a target_label',
    '8:9: scrape_configs[0].relabel_configs[2]: hashmod needs a modulus above 0',
    '10:9: scrape_configs[0].relabel_configs[3]: labeldrop takes regex, not target_label',
    '13:17: scrape_configs[0].relabel_configs[4].action: "rename" is none of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase',
    '14:25: scrape_configs[0].relabel_configs[5].source_labels[0]: "not-a-label" is no label name: want letters, digits and _',
  ],
  'seconds.bad.yaml': [
    '4:5: scrape_configs[0]: cpu 10s and 5s to spare need 15s, more than scrape_interval 12s',
    '6:22: scrape_configs[1].scrape_interval: cpu 20s, fgprof 10s and 5s to spare need 35s, more than scrape_interval 30s',
    '18:16: scrape_configs[2].params.seconds: belongs to a type: profiling_config.pprof_config.<type>.seconds',
    '20:15: scrape_configs[2].profiling_config.prefix: "app/" is no prefix: want / first and none last, as /app',
  ],
  'targets.bad.yaml': [
    '4:19: scrape_configs[0].static_configs[0].targets[0]: "http://127.0.0.1:6060" is no address: want host:port, without scheme or path',
    '4:44: scrape_configs[0].static_configs[0].targets[1]: "127.0.0.1:6060/debug" is no address: want host:port, without scheme or path',
    '4:68: scrape_configs[0].static_configs[0].targets[2]: must not be empty',
    '7:15: scrape_configs[1].job_name: "api" is the name of scrape_configs[0] already',
    '9:17: scrape_configs[1].file_sd_configs[0].files[0]: "targets/*/api.yaml": want a name that ends in .json, .yml or .yaml, with * in its last part only',
    '9:37: scrape_configs[1].file_sd_configs[0].files[1]: "targets.txt": want a name that ends in .json, .yml or .yaml, with * in its last part only',
    '10:16: scrape_configs[1].file_sd_configs[1].files: must not be empty',
    '12:14: scrape_configs[1].http_sd_configs[0].url: "targets.example.com/list" is no http or https URL',
  ],
  'types-of-profiles.bad.yaml': [
    '8:11: scrape_configs[0].profiling_config.pprof_config.profile: the same as cpu, which is there already',
    '10:11: scrape_configs[0].profiling_config.pprof_config.wall time: "wall time" is no profile type: want letters, digits, _, . and -',
    '12:17: scrape_configs[0].profiling_config.pprof_config.fgprof.path: "debug/fgprof?x=1" is no path: want / first, and no ? or #',
    '14:20: scrape_configs[0].profiling_config.pprof_config.heap.seconds: heap takes no time: with seconds Go answers a difference instead',
  ],
  'types.bad.yaml': [
    '2:20: global.scrape_interval: duration "1 minute": want numbers with units from y to ms, such as 1h30m',
    '3:20: global.external_labels: want a map, not a list',
    '6:13: scrape_configs[0].scheme: "ftp" is none of http, https',
    '7:21: scrape_configs[0].scrape_timeout: want more than 0',
    '8:23: scrape_configs[0].follow_redirects: want true or false, not "maybe"',
    '10:7: scrape_configs[0].static_configs: want a list, not a map',
    '11:5: scrape_configs[1].job_name: missing',
    '12:5: scrape_configs[2]: want a map, not "worker"',
  ],
  'typo.bad.yaml': [
    '2:3: global.scrape_intervall: unknown field, did you mean scrape_interval',
    '6:9: scrape_configs[0].static_configs[0].targets: missing',
    '6:9: scrape_configs[0].static_configs[0].target: unknown field, did you mean targets',
    '10:11: scrape_configs[0].profiling_config.pprof_config.heap.enable: unknown field, did you mean enabled',
  ],
}

t.test('every bad file has its messages', (t) => {
  t.same(readdirSync(folder).sort(), Object.keys(bad).sort())
  t.end()
})

for (const [name, want] of Object.entries(bad)) {
  t.test(`loadConfig() says all that is wrong with ${name}`, (t) => {
    const error = problemsIn(readFileSync(new URL(name, folder), 'utf8'), name)
    t.same(
      error.problems,
      want.map((line) => `${name}:${line}`),
    )
    t.equal(error.code, 'BAD_CONFIG')
    t.end()
  })
}

t.test('loadConfig() fills in the defaults', (t) => {
  const { externalLabels, scrapeConfigs } = loadConfig(
    `scrape_configs: [{job_name: api, static_configs: [{targets: ['127.0.0.1:6060'], labels: {team: a}}]}]`,
    'conprof.yaml',
  )
  t.same(externalLabels, {})
  t.same(scrapeConfigs, [
    {
      jobName: 'api',
      intervalMs: 60_000,
      timeoutMs: 10_000,
      scheme: 'http',
      params: {},
      http: { tls: { insecureSkipVerify: false }, followRedirects: true },
      profileTypes: [
        { type: 'block', path: '/debug/pprof/block', keepEmpty: false },
        { type: 'cpu', path: '/debug/pprof/profile', seconds: 10, keepEmpty: true },
        { type: 'goroutine', path: '/debug/pprof/goroutine', keepEmpty: true },
        { type: 'heap', path: '/debug/pprof/heap', keepEmpty: true },
        { type: 'mutex', path: '/debug/pprof/mutex', keepEmpty: false },
      ],
      staticGroups: [
        { source: 'api/static/0', labels: { team: 'a' }, targets: [{ __address__: '127.0.0.1:6060' }] },
      ],
      fileSdConfigs: [],
      httpSdConfigs: [],
      relabelRules: [],
    },
  ])
  t.same(loadConfig('', 'conprof.yaml'), { externalLabels: {}, scrapeConfigs: [] })
  t.end()
})

t.test('loadConfig() reads every field', (t) => {
  const { externalLabels, scrapeConfigs } = loadConfig(
    `
global:
  scrape_interval: 2m
  scrape_timeout: 30s
  external_labels: {cluster: eu, zone: 1.10}
scrape_configs:
  - job_name: api
    scrape_interval: 20s
    scheme: https
    params: {debug: ['0', '1']}
    basic_auth: {username: conprof, password_file: secrets/password}
    tls_config: {ca_file: /etc/ca.pem, cert_file: c.pem, key: 'PEM', server_name: api, insecure_skip_verify: true}
    proxy_url: http://127.0.0.1:3128
    follow_redirects: false
    file_sd_configs: [{files: ['targets/*.yaml'], refresh_interval: 1m}]
    http_sd_configs: [{url: 'http://127.0.0.1/sd', bearer_token_file: /token}]
    relabel_configs: [{source_labels: [__address__], regex: '(.*):\\d+', target_label: host}]
    profiling_config:
      prefix: /app
      pprof_config:
        profile: {seconds: 5}
        fgprof: {path: /debug/fgprof, seconds: 3}
        wall: {}
        block: {enabled: false}
        mutex: {enabled: no}
        goroutine: {enabled: 'off'}
        allocs: {enabled: true}
  - job_name: plain
    authorization: {credentials: abc}
`,
    '/etc/conprof/conprof.yaml',
  )
  t.same(externalLabels, { cluster: 'eu', zone: '1.10' }, 'a label is the text that was written')
  const [api, plain] = scrapeConfigs
  t.match(api, {
    intervalMs: 20_000,
    timeoutMs: 20_000,
    scheme: 'https',
    params: { debug: ['0', '1'] },
    fileSdConfigs: [{ files: ['/etc/conprof/targets/*.yaml'], refreshIntervalMs: 60_000 }],
    relabelRules: [{ action: 'replace', separator: ';', replacement: '$1', targetLabel: 'host' }],
  })
  t.same(api?.http, {
    basicAuth: { username: 'conprof', passwordFile: '/etc/conprof/secrets/password' },
    tls: {
      caFile: '/etc/ca.pem',
      certFile: '/etc/conprof/c.pem',
      key: 'PEM',
      serverName: 'api',
      insecureSkipVerify: true,
    },
    proxyUrl: 'http://127.0.0.1:3128',
    followRedirects: false,
  })
  t.same(api?.httpSdConfigs, [
    {
      url: 'http://127.0.0.1/sd',
      refreshIntervalMs: 60_000,
      http: {
        authorization: { type: 'Bearer', credentialsFile: '/token' },
        tls: { insecureSkipVerify: false },
        followRedirects: true,
      },
    },
  ])
  t.same(api?.profileTypes, [
    { type: 'allocs', path: '/app/debug/pprof/allocs', keepEmpty: true },
    { type: 'cpu', path: '/app/debug/pprof/profile', seconds: 5, keepEmpty: true },
    { type: 'fgprof', path: '/app/debug/fgprof', seconds: 3, keepEmpty: true },
    { type: 'heap', path: '/app/debug/pprof/heap', keepEmpty: true },
    { type: 'wall', path: '/app/debug/pprof/wall', keepEmpty: true },
  ])
  t.match(plain, { intervalMs: 120_000, timeoutMs: 30_000 })
  t.same(plain?.http.authorization, { type: 'Bearer', credentials: 'abc' })
  t.end()
})

t.test('loadConfig() leaves references to the environment alone', (t) => {
  const reference = `$\{HOME}`
  const { externalLabels } = loadConfig(
    `global: {external_labels: {a: $HOME, b: "${reference}"}}`,
    'conprof.yaml',
  )
  t.same(externalLabels, { a: '$HOME', b: reference })
  t.end()
})

t.test('loadConfig() reads JSON to the same config as YAML', (t) => {
  const json =
    '{"scrape_configs": [{"job_name": "a", "profiling_config": {"pprof_config": {"cpu": {"seconds": 4}}}}]}'
  const yaml = 'scrape_configs: [{job_name: a, profiling_config: {pprof_config: {cpu: {seconds: 4}}}}]'
  t.same(loadConfig(json, 'a.json'), loadConfig(yaml, 'a.yaml'))
  t.end()
})

t.test('loadConfig() refuses a bomb of aliases', (t) => {
  let text = 'a: &a [x, x, x, x, x, x, x, x, x]\n'
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh'] as unknown as string[][]) {
    text += `${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]\n`
  }
  t.match(problemsIn(text, 'bomb.yaml').problems[0], /^bomb\.yaml:1:1: excessive alias count/)
  t.end()
})

t.test('examples/conprof.yaml scrapes what conprof serves', (t) => {
  const file = new URL('../../examples/conprof.yaml', import.meta.url)
  const example = loadConfig(readFileSync(file, 'utf8'), 'conprof.yaml')
  t.same(example, defaultConfig({ listenAddress: { host: '127.0.0.1', port: 8080 } }))
  t.end()
})

t.test('defaultConfig() scrapes an address that it can reach', (t) => {
  const addressOf = (host?: string) =>
    defaultConfig({ listenAddress: { port: 1, ...(host !== undefined && { host }) } }).scrapeConfigs[0]
      ?.staticGroups[0]?.targets[0]?.['__address__']
  t.same([undefined, '', '0.0.0.0', '::', '::1', 'api'].map(addressOf), [
    '127.0.0.1:1',
    '127.0.0.1:1',
    '127.0.0.1:1',
    '127.0.0.1:1',
    '[::1]:1',
    'api:1',
  ])
  t.end()
})

function problemsIn(text: string, name: string): ConfigError {
  try {
    loadConfig(text, name)
  } catch (error) {
    return error as ConfigError
  }
  throw new TypeError(`${name} was loaded`)
}
