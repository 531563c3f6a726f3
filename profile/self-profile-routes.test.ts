import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import Koa from 'koa'
import { Profile } from 'pprof-format'
import t from 'tap'
import { HttpServer } from '../lib/http/http-server.ts'
import { silentLogger } from '../lib/log.ts'
import { selfProfileRoutes } from './self-profile-routes.ts'
import { SelfProfiler } from './self-profiler.ts'

const profiler = new SelfProfiler({ root: fileURLToPath(new URL('../', import.meta.url)) })
const app = new Koa()
app.use(selfProfileRoutes(profiler))
profiler.start()
const server = await HttpServer.listen(app.callback(), {
  address: { host: '127.0.0.1', port: 0 },
  logger: silentLogger(),
})
const url = `http://127.0.0.1:${server.address.port}/debug/pprof`
const stop = new AbortController()
const running = server.run({ signal: stop.signal })
t.teardown(async () => {
  stop.abort()
  await running
  profiler.close()
})

async function fetchProfile(path: string): Promise<Profile> {
  const response = await fetch(`${url}/${path}`)
  t.equal(response.status, 200)
  return Profile.decode(gunzipSync(Buffer.from(await response.arrayBuffer())))
}

/** `function file` of every function that a profile names. */
function functionsOf(profile: Profile): string[] {
  const { strings } = profile.stringTable
  return profile.function.map(({ name, filename }) => `${strings[Number(name)]} ${strings[Number(filename)]}`)
}

function sampleTypesOf(profile: Profile): string[] {
  const { strings } = profile.stringTable
  return profile.sampleType.map(({ type, unit }) => `${strings[Number(type)]}/${strings[Number(unit)]}`)
}

function burnForSelfProfile(durationMs: number): number {
  let sum = 0
  for (const end = performance.now() + durationMs; performance.now() < end; ) sum += Math.sqrt(sum + 1)
  return sum
}

t.test('a CPU profile names TypeScript functions with files relative to the project', async (t) => {
  const timer = setInterval(() => burnForSelfProfile(100), 150)
  const profile = await fetchProfile('profile?seconds=1')
  clearInterval(timer)
  t.strictSame(sampleTypesOf(profile), ['sample/count', 'wall/nanoseconds', 'cpu/nanoseconds'])
  t.ok(functionsOf(profile).includes('burnForSelfProfile profile/self-profile-routes.test.ts'))
  const named = profile.function.find(
    ({ name }) => profile.stringTable.strings[Number(name)] === 'burnForSelfProfile',
  )
  t.ok(Number(named?.startLine) > 40, 'with its line')
})

t.test('a heap profile says what is in use', async (t) => {
  const kept = Array.from({ length: 100_000 }, (_, index) => ({ index, text: `${index}` }))
  const profile = await fetchProfile('heap')
  t.strictSame(sampleTypesOf(profile), ['inuse_objects/count', 'inuse_space/bytes'])
  t.ok(functionsOf(profile).some((name) => name.endsWith(' profile/self-profile-routes.test.ts')))
  t.equal(kept.length, 100_000)
})

t.test('a second CPU profile is refused as Go refuses it', async (t) => {
  const gone = new AbortController()
  const first = fetch(`${url}/profile?seconds=60`, { signal: gone.signal })
  first.catch(() => {})
  // The first may still be on its way: until it is there, ours is the one that runs.
  let second: Response
  do second = await fetch(`${url}/profile?seconds=0.01`)
  while (second.status === 200)
  t.equal(second.status, 500)
  t.equal(second.headers.get('x-go-pprof'), '1')
  t.match(await second.text(), 'cpu profiling already in use')
  gone.abort()
  await t.rejects(first)
  // A reader who hangs up ends the profile.
  let third: Response
  do third = await fetch(`${url}/profile?seconds=0.01`)
  while (third.status === 500)
  t.equal(third.status, 200)
})

t.test('seconds out of bounds are refused', async (t) => {
  for (const seconds of ['0', '-1', 'x', '3601']) {
    t.equal((await fetch(`${url}/profile?seconds=${seconds}`)).status, 400, seconds)
  }
})
