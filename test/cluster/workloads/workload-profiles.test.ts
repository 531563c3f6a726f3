// What the programs here serve, before any cluster: profiles that conprof reads, with what burns on top.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { inflatePprof } from '../../../profile/inspect-pprof.ts'
import { profileFromPprof } from '../../../profile/profile-from-pprof.ts'
import { top } from '../../../query/views/top.ts'
import { runConprof } from '../../support/conprof.ts'
import { freePorts } from '../../support/free-ports.ts'
import { until } from '../../support/until.ts'
import { goWorkload } from './go-workload.ts'
import { rustWorkload } from './rust-workload.ts'

const programs = [
  {
    name: 'go-shop',
    command: async (address: string) => [await goWorkload('go-shop'), `--pprof=${address}`, '--burn=40'],
    env: { GODEBUG: 'asyncpreemptoff=1' },
    burns: 'main.hashPrices',
    leastShare: 0.8,
    holds: 'main.loadPrices',
  },
  {
    name: 'node-pprof',
    command: async (address: string) => [
      process.execPath,
      join(import.meta.dirname, 'node-pprof/web.ts'),
      `--listen=${address}`,
      '--burn=40',
    ],
    // V8 counts what the loop that waits takes as well.
    burns: 'sumWeights',
    leastShare: 0.5,
    holds: 'loadItems',
  },
  {
    name: 'rust-pprof',
    command: async (address: string) => [
      await rustWorkload('rust-pprof', 'quotes'),
      `--listen=${address}`,
      '--burn=40',
    ],
    burns: 'mix_quotes',
    leastShare: 0.8,
    holds: 'load_book',
  },
]

for (const { name, command, env, burns, leastShare, holds } of programs) {
  t.test(`${name}: conprof reads its profiles`, async (t) => {
    const { address, end } = await start(t, command, env)
    const { stdout } = await runConprof(['check', 'target', `http://${address}`])
    t.match(stdout, /^cpu +ok /m)
    t.match(stdout, /^heap +ok /m)
    t.comment(stdout)

    // Where the machine is short of CPU, a program may get so little of it that nothing is seen.
    const cpu = await until(
      'a CPU profile with samples',
      async () => {
        const functions = await functionsOf(`http://${address}/debug/pprof/profile?seconds=3`)
        return functions.length > 0 ? functions : undefined
      },
      120_000,
    )
    t.equal(cpu[0]?.name, burns)
    t.ok(cpu[0]!.flatShare > leastShare, `${burns} has ${cpu[0]!.flatShare} of it`)
    const heap = await functionsOf(`http://${address}/debug/pprof/heap`)
    const held = heap.find(({ name }) => name.endsWith(holds))
    t.ok(held !== undefined && held.cum >= 7 << 20, `${holds} holds ${held?.cum} bytes`)
    t.same(await end(), [0, null])
  })
}

t.test('go-shop: what leaks is seen', async (t) => {
  const { address } = await start(t, async (address) => [
    await goWorkload('go-shop'),
    `--pprof=${address}`,
    '--leak=20000000',
  ])
  await until(
    'the leak to be in the heap profile',
    async () => {
      // Of what the last collection of garbage saw.
      const [first] = await functionsOf(`http://${address}/debug/pprof/heap?gc=1`)
      return first?.name === 'main.keepForever' && first.cum > 20e6
    },
    60_000,
  )
})

t.test('mesh-proxy: refuses plaintext, and lets an excluded port through', async (t) => {
  const app = await start(t, async (address) => [await goWorkload('go-shop'), `--pprof=${address}`])
  const proxy = async (excluded: (port: string) => string) => {
    let held = ''
    const { end } = await start(t, async (ready) => {
      held = `127.0.0.1:${(await freePorts(1))[0]}`
      const flags = [`--hold=${held}`, `--app=${app.address}`, `--ready=${ready}`]
      return [await goWorkload('mesh-proxy'), ...flags, `--excluded=${excluded(held.split(':')[1]!)}`]
    })
    return { held, end }
  }
  const refusing = await proxy(() => '')
  const error = await fetch(`http://${refusing.held}/debug/pprof/heap`).catch((error: Error) => error)
  t.match(error, { cause: { code: 'ECONNRESET' } })
  const { stdout } = await runConprof(['check', 'target', `http://${refusing.held}`])
  t.match(stdout, /^heap +reset /m)

  const passing = await proxy((port) => `15090, ${port}`)
  const answer = await fetch(`http://${passing.held}/debug/pprof/cmdline`)
  t.match(await answer.text(), /go-shop/)
  t.same(await refusing.end(), [0, null])
})

/** At an address of its own, at which it answers once this resolves. `end` asks it to, and says with what code it did. */
async function start(
  t: Test,
  command: (address: string) => Promise<string[]>,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly address: string; end(): Promise<unknown[]> }> {
  const address = `127.0.0.1:${(await freePorts(1))[0]}`
  const [program, ...parameters] = await command(address)
  // Without tap's loaders: as it runs in its image.
  const { NODE_OPTIONS: _, ...own } = process.env
  const child = spawn(program!, parameters, { env: { ...own, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const ended = once(child, 'close')
  const end = () => {
    child.kill('SIGTERM')
    return ended
  }
  t.teardown(end)
  await until(
    `${program} to answer`,
    async () => {
      if (child.exitCode !== null) return true
      await (await fetch(`http://${address}/`)).body?.cancel()
      return true
    },
    60_000,
  )
  if (child.exitCode !== null) throw new Error(`start ${program}: it ended with ${child.exitCode}: ${stderr}`)
  return { address, end }
}

async function functionsOf(url: string) {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`fetch ${url}: status ${answer.status}: ${await answer.text()}`)
  const profile = profileFromPprof(inflatePprof(new Uint8Array(await answer.arrayBuffer()), 64 << 20))
  const { functions, total } = top(profile, profile.defaultSampleType)
  return functions.map(({ name, flat, cum }) => ({
    name,
    flatShare: Number(flat) / Number(total),
    cum: Number(cum),
  }))
}
