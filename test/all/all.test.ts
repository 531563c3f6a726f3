import { execFile } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import type { ProfilesAnswer, TargetsAnswer, TopAnswer } from '../../query/api/types.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { startPrometheus } from '../support/prometheus.ts'

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
  t.match(first.stderr(), /"scraping":"1 job of [^"]*conprof\.yaml: prometheus"/)
  t.match(first.stderr(), /"data":"[^"]+bucket, kept for 90d"/)

  let heaps = await profilesOf(first.url, '{profile_type="heap"}')
  let cpus = await profilesOf(first.url, '{profile_type="cpu"}')
  for (let i = 0; i < 300 && (heaps.length < 2 || cpus.length < 1); i++) {
    await sleep(200)
    heaps = await profilesOf(first.url, '{profile_type="heap"}')
    cpus = await profilesOf(first.url, '{profile_type="cpu"}')
  }
  t.ok(heaps.length >= 2 && cpus.length >= 1, 'both types came')
  t.match(heaps[0]!.labels, { job: 'prometheus', service_name: 'prometheus', cluster: 'test' })

  const { activeTargets } = await get<TargetsAnswer>(first.url, 'targets')
  t.strictSame(
    activeTargets
      .map(({ profileType, health }) => [profileType, health])
      .filter(([, health]) => health === 'ok'),
    [
      ['cpu', 'ok'],
      ['goroutine', 'ok'],
      ['heap', 'ok'],
    ],
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
  let again = await profilesOf(second.url, '{profile_type="heap"}')
  const lacksSome = () => heaps.some((heap) => !again.some((profile) => profile.id === heap.id))
  for (let i = 0; i < 100 && lacksSome(); i++) {
    await sleep(100)
    again = await profilesOf(second.url, '{profile_type="heap"}')
  }
  const ids = new Set(again.map((profile) => profile.id))
  t.ok(
    heaps.every((profile) => ids.has(profile.id)),
    'everything is there after a restart',
  )
  t.equal(gunzipSync(await download(second.url)).compare(gunzipSync(bytes)), 0, 'bit for bit')

  writeFileSync(configPath, 'scrape_configz: []\n')
  const refused = await fetch(`${second.url}/-/reload`, { method: 'POST' })
  t.equal(refused.status, 500)
  t.match(await refused.text(), /conprof\.yaml:1:1: scrape_configz: unknown field/)
  t.equal((await get<TargetsAnswer>(second.url, 'targets')).activeTargets.length, activeTargets.length)
  writeFileSync(configPath, 'scrape_configs: []\n')
  second.process.kill('SIGHUP')
  for (let i = 0; i < 100; i++) {
    if ((await get<TargetsAnswer>(second.url, 'targets')).activeTargets.length === 0) break
    await sleep(50)
  }
  t.strictSame((await get<TargetsAnswer>(second.url, 'targets')).activeTargets, [])

  const quit = new Promise((resolve) => second.process.once('close', resolve))
  t.equal((await fetch(`${second.url}/-/quit`, { method: 'POST' })).status, 200)
  t.equal(await quit, 0)
})

t.test('without a config, conprof scrapes itself, behind a prefix as well', async (t) => {
  const conprof = await startConprof([`--storage.path=${join(dir, 'self')}`, '--web.route-prefix=/conprof'])
  t.teardown(() => conprof.stop())
  let profiles = await profilesOf(conprof.url, '{}')
  for (let i = 0; i < 150 && profiles.length === 0; i++) {
    await sleep(200)
    profiles = await profilesOf(conprof.url, '{}')
  }
  t.match(profiles[0]?.labels, { job: 'conprof' })
  t.match(conprof.stderr(), /"scraping":"conprof itself/)
})

t.test('bad days are one clear line each', async (t) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const file = join(dir, 'a-file')
  writeFileSync(file, '')
  const typo = join(dir, 'typo.yaml')
  writeFileSync(typo, 'scrape_configs:\n  - job_name: a\n    scrape_intervall: 1m\n')
  const readOnly = join(dir, 'prometheus')
  chmodSync(readOnly, 0o500)
  const storage = `--storage.path=${join(dir, 'bad-days')}`
  const cases: [string, string[], RegExp][] = [
    [
      'a port in use',
      [storage, `--web.listen-address=127.0.0.1:${port}`],
      new RegExp(`^conprof: listen on "127.0.0.1:${port}": the port is in use; `),
    ],
    [
      'an unknown key',
      [storage, `--config.file=${typo}`],
      /^conprof: .*typo\.yaml:3:5: scrape_configs\[0\]\.scrape_intervall: unknown field, did you mean scrape_interval/,
    ],
    ['a file where a folder should be', [`--storage.path=${file}`], /^conprof: open bucket .*a-file/],
    // Root may write where nobody else may, except where the kernel says no.
    ['a folder that cannot be', ['--storage.path=/proc/conprof'], /^conprof: open bucket \/proc\/conprof/],
    ['a config that is not there', [storage, '--config.file=/nowhere.yaml'], /"\/nowhere\.yaml": ENOENT/],
    ['an unknown flag', ['--storage.pth=x'], /did you mean --storage\.path/i],
  ]
  if (process.getuid?.() !== 0) {
    cases.push(['a read-only folder', [`--storage.path=${readOnly}`], /^conprof: open bucket .*prometheus/])
  }
  for (const [name, flags, message] of cases) {
    const { code, stderr } = await runConprof(['all', ...flags])
    t.equal(code, 1, name)
    t.match(stderr, message, name)
    t.notMatch(stderr, /^ +at /m, `${name}: no stack`)
  }
  chmodSync(readOnly, 0o700)
})
