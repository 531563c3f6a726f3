import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import t from 'tap'
import { silentLogger } from '../../lib/log.ts'
import { readConfigFile } from './config-file.ts'
import { ConfigReloader } from './config-reloader.ts'

t.test('a config that does not read leaves the old one in place and says why', async (t) => {
  const path = join(t.testdir({ 'conprof.yaml': 'scrape_configs: [{job_name: a}]\n' }), 'conprof.yaml')
  const applied: string[][] = []
  const registry = new Registry()
  const reloader = new ConfigReloader(await readConfigFile(path), {
    path,
    apply: ({ scrapeConfigs }) => applied.push(scrapeConfigs.map(({ jobName }) => jobName)),
    logger: silentLogger(),
    registry,
  })
  const isSuccessful = async () => /last_reload_successful (\d)/.exec(await registry.metrics())?.[1]

  writeFileSync(path, 'scrape_configs: [{job_name: a}, {job_name: b}]\n')
  await reloader.reload()
  t.strictSame(applied, [['a', 'b']])
  t.match(reloader.current.shownYaml, 'job_name: b')
  t.equal(await isSuccessful(), '1')

  writeFileSync(path, 'scrape_config: []\n')
  await t.rejects(reloader.reload(), { message: /conprof\.yaml:1:1: .*scrape_config/ })
  t.strictSame(applied, [['a', 'b']])
  t.match(reloader.current.shownYaml, 'job_name: b')
  t.equal(await isSuccessful(), '0')

  writeFileSync(path, 'scrape_configs: []\n')
  await Promise.all([reloader.reload(), reloader.reload()])
  t.equal(applied.length, 3)
  t.equal(await isSuccessful(), '1')
})
