import { join } from 'node:path'
import t from 'tap'
import { checkConfig } from './check-config.ts'

t.test('checkConfig() says what would be scraped', async (t) => {
  const folder = t.testdir({
    'targets.yaml': '',
    'conprof.yaml': `
global: {external_labels: {cluster: eu}}
scrape_configs:
  - job_name: api
    static_configs: [{targets: ['127.0.0.1:6060', '127.0.0.1:6061']}]
    relabel_configs:
      - {action: drop, source_labels: [__address__, __profile_type__], regex: .*:6061;heap}
    profiling_config:
      pprof_config: {goroutine: {enabled: false}, block: {enabled: false}, mutex: {enabled: false}}
  - job_name: found
    file_sd_configs: [{files: [targets.yaml]}]
    http_sd_configs: [{url: 'http://127.0.0.1:1/sd'}]
  - job_name: none
`,
  })
  const file = join(folder, 'conprof.yaml')
  const { text, exitCode } = await checkConfig(file)
  t.equal(exitCode, 0)
  t.equal(
    text,
    `${file}: fine, 3 jobs
external labels {cluster="eu"}

job "api": cpu (10s), heap every 1m
  cpu        http://127.0.0.1:6060/debug/pprof/profile?seconds=10
  heap       http://127.0.0.1:6060/debug/pprof/heap
  cpu        http://127.0.0.1:6061/debug/pprof/profile?seconds=10
  heap       127.0.0.1:6061 not scraped: dropped by relabel_configs

job "found": block, cpu (10s), goroutine, heap, mutex every 1m
  and targets from files ${folder}/targets.yaml
  and targets from http://127.0.0.1:1/sd

job "none": block, cpu (10s), goroutine, heap, mutex every 1m
  no targets
`,
  )
})

t.test('checkConfig() says what is wrong, and where', async (t) => {
  const file = join(
    t.testdir({ 'conprof.yaml': 'scrape_configs:\n  - job_nam: a\nglobals: {}\n' }),
    'conprof.yaml',
  )
  t.same(await checkConfig(file), {
    text: `${file}:2:5: scrape_configs[0].job_name: missing
${file}:2:5: scrape_configs[0].job_nam: unknown field, did you mean job_name
${file}:3:1: globals: unknown field, did you mean global
3 problems
`,
    exitCode: 1,
  })
  t.same(await checkConfig('/no/conprof.yaml'), {
    text: 'read config "/no/conprof.yaml": ENOENT\n',
    exitCode: 1,
  })
})

t.test('checkConfig() misses files of secrets', async (t) => {
  const folder = t.testdir({
    'conprof.yaml': 'scrape_configs: [{job_name: a, bearer_token_file: token, tls_config: {ca_file: .}}]',
  })
  const { text, exitCode } = await checkConfig(join(folder, 'conprof.yaml'))
  t.equal(exitCode, 1)
  t.ok(
    text.endsWith(`\njob "a": read "${folder}/token": ENOENT\njob "a": read "${folder}": not a file\n`),
    text,
  )
})
