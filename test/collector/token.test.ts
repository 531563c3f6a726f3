import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runConprof, startConprof } from '../support/conprof.ts'
import { until } from '../support/until.ts'

const internal = ['/api/v1/head', '/api/v1/blocks/pending', '/debug/pprof/heap']
const forPeople = ['/api/v1/targets', '/api/v1/status/scrapes', '/api/v1/labels']
const probes = ['/-/healthy', '/-/ready', '/metrics']
const headers = { authorization: 'Bearer the-token-of-ours' }

async function statuses(url: string, paths: readonly string[], init?: RequestInit): Promise<number[]> {
  return Promise.all(paths.map(async (path) => (await fetch(url + path, init)).status))
}

t.test('the token guards all of a collector but its probes', async (t) => {
  const folder = t.testdir({ token: 'the-token-of-ours\n', 'conprof.yaml': 'scrape_configs: []\n' })
  const flags = [`--config.file=${folder}/conprof.yaml`, `--storage.path=${folder}/data`]
  const collector = await startConprof([...flags, `--web.token-file=${folder}/token`], 'collector')
  t.teardown(() => collector.stop())
  const isReady = async () => (await fetch(`${collector.url}/-/ready`)).ok
  await until('ready', isReady)
  t.strictSame(await statuses(collector.url, probes), [200, 200, 200])
  const guarded = [...internal, ...forPeople, '/', '/-/reload']
  t.strictSame(new Set(await statuses(collector.url, guarded)), new Set([401]))
  t.strictSame(await statuses(collector.url, [...internal, ...forPeople], { headers }), [
    ...[200, 200, 200],
    ...[200, 200, 200],
  ])
})

t.test('the token guards only what is internal of conprof all, which shows it to itself', async (t) => {
  const folder = t.testdir({ token: 'the-token-of-ours\n' })
  const all = await startConprof([`--storage.path=${folder}/data`, `--web.token-file=${folder}/token`])
  t.teardown(() => all.stop())
  await until('ready', async () => (await fetch(`${all.url}/-/ready`)).ok)
  t.strictSame(await statuses(all.url, internal), [401, 401, 401])
  t.strictSame(await statuses(all.url, internal, { headers }), [200, 200, 200])
  t.strictSame(await statuses(all.url, [...forPeople, '/']), [200, 200, 200, 200])
  const health = async () => {
    const { data } = await (await fetch(`${all.url}/api/v1/targets`)).json()
    return data.activeTargets.map((target: { health: string }) => target.health)
  }
  await until('its own profiles', async () => (await health()).includes('ok'), 90_000)
  t.notOk((await health()).includes('http-4xx'))
})

t.test('flags that contradict each other or lack something are one line', async (t) => {
  const folder = t.testdir({ token: '' })
  const file = join(folder, 'conprof.yaml')
  writeFileSync(file, 'scrape_configs: []\n')
  const cases: [string[], RegExp][] = [
    [[], /^conprof: start collector: want --config\.kubernetes=NAMESPACE\/RELEASE or --config\.file=FILE\n/],
    [[`--config.file=${file}`, '--config.kubernetes=a/b'], /cannot be used with option '--config\.file/],
    [['--config.kubernetes=a'], /"a": want NAMESPACE\/RELEASE/],
    [[`--config.file=${file}`, '--external-label=a'], /"a": want NAME=VALUE/],
    [[`--config.file=${file}`, '--collector.ordinal=x'], /"x": want a number from 0 to 9999/],
    [
      ['--config.kubernetes=a/b', '--collector.ordinal=0', '--kubeconfig=/does/not/exist'],
      /does\/not\/exist/,
    ],
    [
      [`--config.file=${file}`, `--web.token-file=${folder}/token`, `--storage.path=${folder}/data`],
      /token": want one token/,
    ],
  ]
  for (const [flags, message] of cases) {
    const { code, stderr } = await runConprof(['collector', '--log.format=json', ...flags])
    t.equal(code, 1, flags.join(' '))
    t.match(stderr, message)
  }
})
