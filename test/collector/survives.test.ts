import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { specOf, startCollectorRig, startTimedProgram, targetsOf } from '../support/collector-rig.ts'
import { startConprof } from '../support/conprof.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { until } from '../support/until.ts'

const rig = await startCollectorRig(t)

t.test('without the API server scraping goes on, and begins with what is on disk', async (t) => {
  const program = await startTimedProgram(t, ({ headers }) => headers.authorization === 'Bearer s3cret-token')
  const authorization = { type: 'Bearer', credentialsKey: 'cart.token' }
  await rig.putCredentials(0, { 'cart.token': 's3cret-token' })
  await rig.putConfig('a', specOf(program.address, { job: { authorization } }))
  const folder = t.testdir()
  const flags = [`--storage.path=${folder}`]
  const first = await rig.startCollector(t, flags)
  const saved = join(folder, 'config', 'kubernetes.json')
  await until('the config on disk', () => readFileSync(saved, 'utf8').includes('s3cret-token'))
  t.equal(statSync(saved).mode & 0o777, 0o600)
  await rig.plane.stopApiServer()
  const { length } = program.asked
  await until('scrapes without it', () => program.asked.length > length + 3)
  t.equal((await fetch(`${first.url}/-/ready`)).status, 200)
  t.equal((await fetch(`${first.url}/-/healthy`)).status, 200)
  t.equal(await first.stop(), 0)

  const second = await rig.startCollector(t, [...flags, '--collector.max-gap=8s'])
  const before = program.asked.length
  await until('scrapes from disk', () => program.asked.length > before + 1)
  t.equal((await fetch(`${second.url}/-/ready`)).status, 200)
  await until('ok', async () => (await targetsOf(second)).activeTargets[0]!.health === 'ok')

  // Nothing lies on the disk of a new one: it says what it waits for.
  const third = await rig.startCollector(t)
  await until('its word', async () => {
    const notReady = await fetch(`${third.url}/-/ready`)
    t.equal(notReady.status, 503)
    return /not ready: the ScrapeConfigs of shard 0 from https:/.test(await notReady.text())
  })
  // Nor is what is damaged taken for a config.
  const damaged = t.testdir({ config: { 'kubernetes.json': '{"version":1,' } })
  const fourth = await rig.startCollector(t, [`--storage.path=${damaged}`])
  await until('its word', () => /kubernetes\.json\\": damaged/.test(fourth.stderr()))
  t.match(
    await (await fetch(`${fourth.url}/metrics`)).text(),
    'conprof_collector_saved_config_errors_total 1',
  )

  // One that was frozen meanwhile has to hear first what it still has.
  second.process.kill('SIGSTOP')
  await sleep(9000)
  const frozen = program.asked.length
  second.process.kill('SIGCONT')
  const thawedMs = Date.now()
  await sleep(2000)
  t.equal(program.asked.length, frozen)
  t.equal((await fetch(`${second.url}/-/ready`)).status, 200)

  await rig.plane.startApiServer()
  for (const collector of [third, fourth]) {
    await until('ready', async () => (await fetch(`${collector.url}/-/ready`)).ok, 60_000)
  }
  const lastScrape = async () => (await targetsOf(second)).activeTargets[0]!.lastScrape
  await until('scrapes once more', async () => (await lastScrape()) > thawedMs, 60_000)
  // What the API server says replaces what is on disk, whatever its epoch.
  for (const collector of [second, third, fourth]) await collector.stop()
  await rig.putConfig('a', specOf(program.address, { epoch: 0, pod: 'cart-9', job: { authorization } }))
  const fifth = await rig.startCollector(t, flags)
  const pod = async () => (await targetsOf(fifth)).activeTargets[0]?.labels['pod']
  await until('the change', async () => (await pod()) === 'cart-9')
  await rig.deleteConfig('a')
})

t.test('what others have by now is not scraped after a start, though it is on disk', async (t) => {
  const [kept, moved] = [await startTimedProgram(t), await startTimedProgram(t)]
  await rig.putConfig('kept', specOf(kept.address))
  await rig.putConfig('moved', specOf(moved.address, { pod: 'cart-1' }))
  const folder = t.testdir()
  const flags = [`--storage.path=${folder}`]
  const first = await rig.startCollector(t, flags)
  await until('both', () => kept.asked.length > 0 && moved.asked.length > 0)
  await first.stop()
  t.match(readFileSync(join(folder, 'config', 'kubernetes.json'), 'utf8'), moved.address)
  await rig.deleteConfig('moved')
  const counts = [kept.asked.length, moved.asked.length]
  const proxy = await startFaultProxy(t, rig.plane)
  const { token } = rig.plane
  const kubeconfig = await rig.plane.writeKubeconfig({ token, server: proxy.url })
  proxy.inject({ type: 'delay', ms: 1000 }, { match: ({ kind }) => kind === 'list' })
  await rig.startCollector(t, [...flags, `--kubeconfig=${kubeconfig}`])
  await until('scrapes again', () => kept.asked.length > counts[0]! + 3)
  t.equal(moved.asked.length, counts[1])
  await rig.deleteConfig('kept')
})

t.test('a collector that was frozen reads its config before it scrapes again', async (t) => {
  const [kept, removed] = [await startTimedProgram(t), await startTimedProgram(t)]
  await rig.putConfig('kept', specOf(kept.address))
  await rig.putConfig('removed', specOf(removed.address, { pod: 'cart-1' }))
  const collector = await rig.startCollector(t, ['--collector.max-gap=8s'])
  await until('both', () => kept.asked.length > 1 && removed.asked.length > 1)
  const { pid } = collector.process
  process.kill(pid!, 'SIGSTOP')
  await sleep(500)
  const counts = [kept.asked.length, removed.asked.length]
  await rig.deleteConfig('removed')
  await sleep(9000)
  t.strictSame([kept.asked.length, removed.asked.length], counts, 'it is frozen')
  process.kill(pid!, 'SIGCONT')
  await until('scrapes again', () => kept.asked.length > counts[0]!)
  t.equal(removed.asked.length, counts[1], 'what is no longer its own is not scraped once')
  t.strictSame(
    (await targetsOf(collector)).activeTargets.map(({ labels }) => labels['pod']),
    ['cart-0'],
  )
  const metrics = await (await fetch(`${collector.url}/metrics`)).text()
  t.match(metrics, 'conprof_collector_frozen_total 1')
  t.match(metrics, /conprof_collector_scrapes_skipped_total\{reason="(frozen|late)"\} [1-9]/)
  await rig.deleteConfig('kept')
})

t.test('with a file there is nothing to read again', async (t) => {
  const program = await startTimedProgram(t)
  const folder = t.testdir({
    'conprof.yaml': `
global: {scrape_interval: 400ms, scrape_timeout: 300ms}
scrape_configs:
  - job_name: app
    static_configs: [{targets: ['${program.address}']}]
    profiling_config: {pprof_config: {cpu: {enabled: false}}}
`,
  })
  const flags = [`--config.file=${folder}/conprof.yaml`, `--storage.path=${folder}/data`]
  const more = ['--collector.max-gap=1s', '--external-label=cluster=b', '--external-label=zone=c']
  const collector = await startConprof([...flags, ...more], 'collector')
  t.teardown(() => collector.stop())
  await until('scrapes', () => program.asked.length > 2)
  t.match((await targetsOf(collector)).activeTargets[0]!.labels, { cluster: 'b', zone: 'c', job: 'app' })
  process.kill(collector.process.pid!, 'SIGSTOP')
  await sleep(2000)
  const { length } = program.asked
  process.kill(collector.process.pid!, 'SIGCONT')
  await until('scrapes again', () => program.asked.length > length + 2)
  writeFileSync(join(folder, 'conprof.yaml'), 'scrape_configs: []\n')
  collector.process.kill('SIGHUP')
  await until('no targets', async () => (await targetsOf(collector)).activeTargets.length === 0)
})
