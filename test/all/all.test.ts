import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import type { ProfilesAnswer, TargetsAnswer, TopAnswer } from '../../query/api/types.ts'
import { startConprof } from '../support/conprof.ts'
import { startPrometheus } from '../support/prometheus.ts'
import { until } from '../support/until.ts'

const dir = t.testdir({ prometheus: {}, data: {} })
const prometheus = await startPrometheus(join(dir, 'prometheus'))
t.teardown(() => prometheus.stop())

const configPath = join(dir, 'conprof.yaml')
writeFileSync(
  configPath,
  `
global: {scrape_interval: 6s, scrape_timeout: 6s, external_labels: {cluster: test}}
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ['${prometheus.address}']}]
    profiling_config: {pprof_config: {cpu: {seconds: 1}}}
`,
)
const flags = [`--config.file=${configPath}`, `--storage.path=${join(dir, 'data')}`, '--web.enable-lifecycle']

async function get<Answer>(
  url: string,
  path: string,
  parameters: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
  const answer = (await response.json()) as { status: string; data: Answer; error?: string }
  if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
  return answer.data
}

async function profilesOf(url: string, query: string) {
  const { profiles } = await get<ProfilesAnswer>(url, 'profiles', { query, start: 'now-1h' })
  return profiles.filter(({ hasBody }) => hasBody)
}

/** Function to flat value, as `go tool pprof -top` prints it. */
async function goTop(source: string): Promise<Map<string, string>> {
  const { stdout } = await promisify(execFile)(
    'go',
    ['tool', 'pprof', '-top', '-nodecount=100000', '-nodefraction=0', '-edgefraction=0', '-unit=B', source],
    { env: { ...process.env, PPROF_TMPDIR: join(dir, 'pprof') } },
  )
  const rows = stdout.split('\n').flatMap((line) => {
    const [, flat, name] = /^ *(-?\d+)B? +\S+% +\S+% +-?\d+B? +\S+% +(.*?)(?: \(inline\))?$/.exec(line) ?? []
    return flat === undefined ? [] : [[name!, flat] as const]
  })
  return new Map(rows)
}

t.test('profiles of a real process come in, merge, and are there after a restart', async (t) => {
  const first = await startConprof(flags)
  t.teardown(() => first.stop())
  t.match(first.stderr(), /"scraping":"1 job of [^"]*conprof\.yaml: prometheus"/)
  t.match(first.stderr(), /"data":"[^"]+bucket, kept for 90d"/)

  const heaps = await until(
    'profiles of both types',
    async () => {
      const found = await profilesOf(first.url, '{profile_type="heap"}')
      const cpus = await profilesOf(first.url, '{profile_type="cpu"}')
      return found.length >= 2 && cpus.length >= 1 && found
    },
    90_000,
    200,
  )
  t.match(heaps[0]!.labels, { job: 'prometheus', service_name: 'prometheus', cluster: 'test' })

  const types = await until('word of every target', async () => {
    const { activeTargets } = await get<TargetsAnswer>(first.url, 'targets')
    const isKnown = activeTargets.every(({ health }) => ['ok', 'empty', 'unsupported'].includes(health))
    return isKnown && activeTargets
  })
  t.strictSame(
    types.filter(({ health }) => health === 'ok').map(({ profileType }) => profileType),
    ['cpu', 'goroutine', 'heap'],
  )

  t.equal((await fetch(`${first.url}/-/ready`)).status, 200)
  const page = await (await fetch(`${first.url}/targets`)).text()
  t.match(page, /<base href="\/"/)
  t.match(await (await fetch(`${first.url}/metrics`)).text(), 'conprof_build_info{version="')

  const id = heaps.at(-1)!.id
  const download = async (url: string) => {
    const response = await fetch(`${url}/api/v1/profile?id=${id}`)
    return Buffer.from(await response.arrayBuffer())
  }
  const bytes = await download(first.url)
  const single = join(dir, 'single.pb.gz')
  writeFileSync(single, bytes)
  const { functions } = await get<TopAnswer>(first.url, 'profile', { id, format: 'top' })
  const expected = await goTop(single)
  t.strictSame(
    Object.fromEntries(functions.filter(({ flat }) => flat !== '0').map(({ name, flat }) => [name, flat])),
    Object.fromEntries([...expected].filter(([, flat]) => flat !== '0')),
    'top is that of go tool pprof',
  )

  const end = String(heaps[0]!.time / 1000)
  const range = { query: '{profile_type="heap"}', start: 'now-1h', end, agg: 'sum' }
  const merged = await get<TopAnswer>(first.url, 'profile', { ...range, format: 'top' })
  t.equal(merged.profiles, heaps.length)
  const sum = heaps.reduce(
    (total, { totals }) => total + BigInt(totals.find(({ type }) => type === 'inuse_space')!.value),
    0n,
  )
  t.equal(merged.total, String(sum))
  const url = `${first.url}/api/v1/profile?${new URLSearchParams(range)}`
  const mergedByGo = await goTop(url)
  t.equal(String([...mergedByGo.values()].reduce((total, flat) => total + BigInt(flat), 0n)), String(sum))

  t.equal(await first.stop(), 0, 'SIGTERM ends it well')

  const second = await startConprof(flags)
  t.teardown(() => second.stop())
  await until('everything after a restart', async () => {
    const again = await profilesOf(second.url, '{profile_type="heap"}')
    const ids = new Set(again.map(({ id }) => id))
    return heaps.every(({ id }) => ids.has(id))
  })
  t.equal(gunzipSync(await download(second.url)).compare(gunzipSync(bytes)), 0, 'bit for bit')

  writeFileSync(configPath, 'scrape_configz: []\n')
  const refused = await fetch(`${second.url}/-/reload`, { method: 'POST' })
  t.equal(refused.status, 500)
  t.match(await refused.text(), /conprof\.yaml:1:1: scrape_configz: unknown field/)
  t.equal((await get<TargetsAnswer>(second.url, 'targets')).activeTargets.length, types.length)
  writeFileSync(configPath, 'scrape_configs: []\n')
  second.process.kill('SIGHUP')
  const targets = async () => (await get<TargetsAnswer>(second.url, 'targets')).activeTargets
  await until('no targets', async () => (await targets()).length === 0)

  const quit = new Promise((resolve) => second.process.once('close', resolve))
  t.equal((await fetch(`${second.url}/-/quit`, { method: 'POST' })).status, 200)
  t.equal(await quit, 0)
})

t.test('without a config, conprof scrapes itself, behind a prefix as well', async (t) => {
  const conprof = await startConprof([`--storage.path=${join(dir, 'self')}`, '--web.route-prefix=/conprof'])
  t.teardown(() => conprof.stop())
  const [profile] = await until(
    'a profile',
    async () => {
      const profiles = await profilesOf(conprof.url, '{}')
      return profiles.length > 0 && profiles
    },
    90_000,
    200,
  )
  t.match(profile?.labels, { job: 'conprof' })
  t.match(conprof.stderr(), /"scraping":"conprof itself/)
})
