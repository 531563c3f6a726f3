import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startConprof } from '../support/conprof.ts'
import { until } from '../support/until.ts'

const day = '2020-01-01'
const block = '1577836800000-1577836800001-1-00112233445566ff.block'

/** The second of several collectors, with a block in its bucket that is too old; gives the path of that. */
async function startSecond(t: Test, { isShared }: { readonly isShared: boolean }): Promise<string> {
  const folder = t.testdir({
    'conprof.yaml': 'scrape_configs: []\n',
    data: { bucket: { blocks: { [day]: { [block]: 'old' } } } },
  })
  const directory = join(folder, 'data', 'bucket')
  const objstore = join(folder, 'objstore.yaml')
  writeFileSync(objstore, JSON.stringify({ type: 'FILESYSTEM', config: { directory } }))
  const collector = await startConprof(
    [
      `--config.file=${join(folder, 'conprof.yaml')}`,
      `--storage.path=${join(folder, 'data')}`,
      ...(isShared ? [`--objstore.config-file=${objstore}`] : []),
      '--collector.ordinal=1',
    ],
    'collector',
  )
  t.teardown(() => collector.stop())
  return join(directory, 'blocks', day, block)
}

t.test('a collector keeps to the retention of a folder of its own, whichever it is', async (t) => {
  const path = await startSecond(t, { isShared: false })
  await until('its end', () => !existsSync(path))
})

t.test('a bucket of all collectors is left to the first', async (t) => {
  const path = await startSecond(t, { isShared: true })
  await sleep(1000)
  t.ok(existsSync(path))
})
