import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { inspectPprof } from '../../profile/inspect-pprof.ts'
import type { ProfilesAnswer, TargetsAnswer, TopAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { until } from '../support/until.ts'
import { startLocalhostProgram } from './localhost-program.ts'

const dir = t.testdir({ program: {}, data: {} })
const program = await startLocalhostProgram(t, join(dir, 'program'))
const forward = await startConprof([`--target=${program.address}`], 'forward')
t.teardown(() => forward.stop())

const askCpu = (seconds: number, init: RequestInit = {}) =>
  fetch(`${forward.url}/debug/pprof/profile?seconds=${seconds}`, init)

/** One request is under way, beside the one that asks. */
async function untilAsked(url: string): Promise<void> {
  await until('a profile is asked for', async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    return /conprof_http_requests_in_flight 2/.test(metrics)
  })
}

async function isProfile(response: Response): Promise<boolean> {
  const body = new Uint8Array(await response.arrayBuffer())
  return response.status === 200 && inspectPprof(body, { maxInflatedBytes: 1 << 27 }).kind === 'pprof'
}

t.test('a program that listens on localhost is profiled', async (t) => {
  const config = join(dir, 'conprof.yaml')
  const [, address] = forward.url.split('://')
  const scrape = {
    job_name: 'prices',
    static_configs: [{ targets: [address] }],
    profiling_config: { pprof_config: { cpu: { seconds: 1 } } },
  }
  const global = { scrape_interval: '7s', scrape_timeout: '5s' }
  writeFileSync(config, JSON.stringify({ global, scrape_configs: [scrape] }))
  const all = await startConprof([`--config.file=${config}`, `--storage.path=${join(dir, 'data')}`])
  t.teardown(() => all.stop())

  const query = '{job="prices",profile_type="cpu"}'
  const [profile] = await until('a CPU profile', async () => {
    const { data } = await askApi<ProfilesAnswer>(all.url, 'profiles', { query, start: 'now-1h' })
    return data.profiles.length > 0 && data.profiles
  })
  const top = await askApi<TopAnswer>(all.url, 'profile', { id: profile!.id, format: 'top' })
  t.ok(
    top.data.functions.some(({ name }) => name === 'main.main'),
    'it is of that program',
  )
  const health = await until(
    'all types are scraped',
    async () => {
      const { data } = await askApi<TargetsAnswer>(all.url, 'targets')
      const seen = data.activeTargets.map(({ profileType, health }) => [profileType, health] as const)
      // What timed out, on a machine that is busy with something else, comes again.
      return seen.every(([, health]) => health === 'ok' || health === 'empty') && seen
    },
    60_000,
  )
  t.strictSame(Object.fromEntries(health), {
    block: 'empty',
    cpu: 'ok',
    goroutine: 'ok',
    heap: 'ok',
    mutex: 'empty',
  })
})

t.test('nothing else of it is there', async (t) => {
  for (const path of ['/debug/pprof/cmdline', '/debug/pprof/', '/']) {
    t.equal((await fetch(`http://${program.address}${path}`)).status, path === '/' ? 404 : 200)
    t.equal((await fetch(`${forward.url}${path}`)).status, 403, path)
  }
})

t.test('a profile that nobody waits for ends in the program', async (t) => {
  const client = new AbortController()
  const long = askCpu(300, { signal: client.signal }).catch(() => {})
  await until('the program is at it', async () => {
    const goroutines = await fetch(`http://${program.address}/debug/pprof/goroutine?debug=2`)
    return /net\/http\/pprof\.sleep/.test(await goroutines.text())
  })
  const busy = await until('the program takes it', async () => {
    const response = await askCpu(1)
    return response.status === 500 && response
  })
  t.equal(await busy.text(), 'Could not enable CPU profiling: cpu profiling already in use\n')
  t.equal(busy.headers.get('x-go-pprof'), '1')
  client.abort()
  await long
  t.ok(await until('there is room for another', async () => isProfile(await askCpu(1))))
})

t.test('a profile under way is finished when it stops', async (t) => {
  const second = await startConprof([`--target=${program.address}`], 'forward')
  t.teardown(() => second.stop())
  const profile = fetch(`${second.url}/debug/pprof/profile?seconds=8`)
  await untilAsked(second.url)
  const code = second.stop()
  t.ok(await isProfile(await profile))
  t.equal(await code, 0)
})

t.test('where the program is not there, whoever looks is told what to do', async (t) => {
  await program.end()
  const { code, stdout } = await runConprof(['check', 'target', forward.url])
  t.equal(code, 1)
  t.match(
    stdout,
    `HTTP status 502: ${program.address}: connection refused: is the program up, and does it listen there, where --target of conprof forward says?\n`,
  )
  t.match(stdout, /^heap +http-5xx .*\n +→ the program failed .* or what is before it did not reach it: /m)
  for (const probe of ['healthy', 'ready']) t.equal((await fetch(`${forward.url}/-/${probe}`)).status, 200)
  const refused = `ask the program: ${program.address}: connection refused`
  t.ok(await until('it to be told', () => forward.stderr().includes(refused)))
  t.equal(forward.stderr().split('connection refused').length, 2, 'once in the log')
})

t.test('flags that would be no good are refused before it listens', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /required option '--target <host:port>' not specified/],
    [['--target=10.0.0.9:6060'], /not of loopback; want 127\.0\.0\.1, \[::1\] or localhost/],
    [['--target=:6060', '--target=:6062'], /there is one --target; run one conprof forward for each/],
    [['--target=:6061'], /^conprof: forward to "localhost:6061": that is --web\.listen-address/],
    [['--target=:6060', '--path-prefix=/debug/pprof'], /want what goes before \/debug\/pprof: nothing/],
    [['--target=:6060', '--allow-path=/debug/*'], /there are no patterns/],
  ]
  for (const [flags, message] of cases) {
    const { code, stderr } = await runConprof(['forward', '--web.listen-address=:6061', ...flags])
    t.equal(code, 1)
    t.match(stderr, message)
  }
})
