import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { specOf, startCollectorRig, startTimedProgram, targetsOf } from '../support/collector-rig.ts'
import { until } from '../support/until.ts'

const rig = await startCollectorRig(t)

t.test('a ScrapeConfig is scraped as soon as it is there, and no longer once it is gone', async (t) => {
  const program = await startTimedProgram(t)
  const collector = await rig.startCollector(t)
  await until('ready', async () => (await fetch(`${collector.url}/-/ready`)).ok)
  t.strictSame((await targetsOf(collector)).activeTargets, [])
  const process = { containerId: 'containerd://1', restartCount: 3, startTimeMs: 5 }
  await rig.putConfig('a', specOf(program.address, { epoch: 7, target: { process } }))
  const startMs = Date.now()
  await until('a scrape', () => program.asked.length > 0)
  // Its next slot is 400 ms away at most, a new listing minutes.
  t.ok(program.asked[0]!.timeMs - startMs < 20_000, `after ${program.asked[0]!.timeMs - startMs} ms`)
  await until('ok', async () => (await targetsOf(collector)).activeTargets[0]?.health === 'ok')
  const [target] = (await targetsOf(collector)).activeTargets
  t.match(target!.labels, {
    cluster: 'default',
    job: 'shop/cart',
    namespace: 'shop',
    pod: 'cart-0',
    service_name: 'shop/cart',
  })
  const json = async (path: string) => (await (await fetch(`${collector.url}${path}`)).json()).data
  // A slow machine makes a scrape late now and then, which is a failure until the next.
  const scrapes = () => json('/api/v1/status/scrapes')
  const well = await until('all well', async () => {
    const told = await scrapes()
    return told.owners[0].unhealthy === 0 && told
  })
  t.strictSame(well, {
    ordinal: 0,
    configEpoch: 7,
    targets: 1,
    owners: [{ owner: 'annotations', endpoint: '', targets: 1, unhealthy: 0, errors: [] }],
  })
  t.match((await json('/api/v1/status/config')).yaml, /name: a\n/)
  const { profiles } = await json(`/api/v1/profiles?query={pod="cart-0"}`)
  t.ok(profiles.some(({ health }: { health: string }) => health === 'ok'))
  t.match(await (await fetch(`${collector.url}/metrics`)).text(), 'conprof_collector_scrape_configs 1')
  await rig.deleteConfig('a')
  await until('no targets', async () => (await targetsOf(collector)).activeTargets.length === 0)
  // One that was under way may still arrive.
  await sleep(600)
  const { length } = program.asked
  await sleep(600)
  t.equal(program.asked.length, length)
  // Another shard's is none of its business.
  await rig.putConfig('other', { ...specOf(program.address), shard: 1 })
  await sleep(600)
  t.equal(program.asked.length, length)
  await rig.deleteConfig('other')
})

t.test('changes around a long scrape leave it alone', async (t) => {
  const all = Promise.withResolvers<void>()
  const slow = await startTimedProgram(t, () => true, all.promise)
  const other = await startTimedProgram(t)
  const profiles = [{ type: 'cpu', path: '/debug/pprof/profile', seconds: 5, keepEmpty: true }]
  const slowSpec = specOf(slow.address, { job: { interval: '16s', timeout: '16s', profiles } })
  await rig.putConfig('slow', slowSpec)
  const collector = await rig.startCollector(t)
  await until('the scrape', () => slow.asked.length > 0)
  await rig.putConfig('other', specOf(other.address, { pod: 'cart-1' }))
  await until('the other', () => other.asked.length > 0)
  // A neighbour in the same object, and news of the process itself.
  const [group] = slowSpec.groups
  const [target] = group!.targets
  const process = { containerId: 'containerd://2', restartCount: 1, startTimeMs: 9 }
  const targets = [
    { ...target!, process, startAfterMs: Date.now() + 60_000 },
    { uid: 'cart-2', address: other.address, labels: { pod: 'cart-2' } },
  ]
  await rig.putConfig('slow', { ...slowSpec, groups: [{ ...group!, targets }] })
  await until('the neighbour', async () => (await targetsOf(collector)).activeTargets.length === 3)
  // As while the operator packs anew: in two objects it is one target, and goes on with either.
  await rig.putConfig('again', { ...slowSpec, epoch: 2 })
  await rig.deleteConfig('other')
  await until('no other', async () => (await targetsOf(collector)).activeTargets.length === 2)
  await rig.deleteConfig('slow')
  await until('one object', async () => (await targetsOf(collector)).activeTargets.length === 1)
  const health = async () =>
    (await targetsOf(collector)).activeTargets.find(({ labels }) => labels['pod'] === 'cart-0')?.health
  t.equal(await health(), 'unknown')
  t.equal(slow.asked.length, 1)
  all.resolve()
  await until('its end', async () => (await health()) !== 'unknown')
  t.equal(await health(), 'ok')
  t.strictSame(slow.abandoned, [])
  await rig.deleteConfig('again')
})

t.test('credentials are followed, and shown nowhere', async (t) => {
  let token = 'first-secret'
  const program = await startTimedProgram(t, ({ headers }) => headers.authorization === `Bearer ${token}`)
  const authorization = { type: 'Bearer', credentialsKey: 'cart.token' }
  await rig.putConfig('guarded', specOf(program.address, { job: { authorization } }))
  // With no more rights than it needs.
  const kubeconfig = await rig.createCollectorAccount()
  const collector = await rig.startCollector(t, ['--log.level=debug', `--kubeconfig=${kubeconfig}`])
  await until('dropped', async () => (await targetsOf(collector)).droppedTargets.length === 1)
  t.match((await targetsOf(collector)).droppedTargets, [{ reason: /no key "cart.token"/ }])
  t.equal(program.asked.length, 0, 'it is not asked without them')
  await rig.putCredentials(0, { 'cart.token': token })
  const health = async () => (await targetsOf(collector)).activeTargets[0]?.health
  await until('ok', async () => (await health()) === 'ok')
  await rig.putCredentials(0, { 'cart.token': 'second-secret' })
  token = 'second-secret'
  await until('the new one', () => program.asked.at(-1)!.authorization === 'Bearer second-secret')
  await until('ok again', async () => (await health()) === 'ok')
  for (const path of ['targets', 'status/config', 'status/scrapes', 'status/flags']) {
    t.notMatch(await (await fetch(`${collector.url}/api/v1/${path}`)).text(), /(first|second)-secret/, path)
  }
  t.notMatch(collector.stderr(), /(first|second)-secret/)
  await rig.deleteConfig('guarded')
})

t.test('an older epoch and an object that is not readable change nothing', async (t) => {
  const program = await startTimedProgram(t)
  await rig.putConfig('a', specOf(program.address, { epoch: 5 }))
  const collector = await rig.startCollector(t)
  const pods = async () => (await targetsOf(collector)).activeTargets.map(({ labels }) => labels['pod'])
  await until('its target', async () => (await pods()).length === 1)
  await rig.putConfig('a', specOf(program.address, { epoch: 4, pod: 'cart-1' }))
  await until('its word', () => /its epoch is 4, after 5/.test(collector.stderr()))
  t.strictSame(await pods(), ['cart-0'])
  await rig.putConfig('a', specOf(program.address, { epoch: 5, pod: 'cart-2' }))
  await until('the new one', async () => (await pods())[0] === 'cart-2')
  const relabelings = [{ targetLabel: 'a', regex: '(' }]
  await rig.putConfig('a', specOf(program.address, { epoch: 6, pod: 'cart-3', job: { relabelings } }))
  await until('its word', () => /job\.relabelings\.0: regular expression/.test(collector.stderr()))
  t.strictSame(await pods(), ['cart-2'])
  const metrics = await (await fetch(`${collector.url}/metrics`)).text()
  for (const reason of ['older-epoch', 'invalid']) {
    t.match(metrics, `conprof_collector_scrape_configs_ignored_total{reason="${reason}"} 1`)
  }
  await rig.deleteConfig('a')
})

t.test('conprof all follows ScrapeConfigs too', async (t) => {
  const program = await startTimedProgram(t)
  await rig.putConfig('a', specOf(program.address))
  const all = await rig.startCollector(t, [], 'all')
  await until('a scrape', () => program.asked.length > 0)
  t.match(all.stderr(), /shard 0 of conprof-system\/conprof, from https:/)
  await rig.deleteConfig('a')
})
