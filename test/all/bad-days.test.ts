import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { runConprof } from '../support/conprof.ts'

const dir = t.testdir({ 'read-only': {} })

t.test('bad days are one clear line each', async (t) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const file = join(dir, 'a-file')
  writeFileSync(file, '')
  const typo = join(dir, 'typo.yaml')
  writeFileSync(typo, 'scrape_configs:\n  - job_name: a\n    scrape_intervall: 1m\n')
  const readOnly = join(dir, 'read-only')
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
    cases.push(['a read-only folder', [`--storage.path=${readOnly}`], /^conprof: open bucket .*read-only/])
  }
  for (const [name, flags, message] of cases) {
    const { code, stderr } = await runConprof(['all', ...flags])
    t.equal(code, 1, name)
    t.match(stderr, message, name)
    t.notMatch(stderr, /^ +at /m, `${name}: no stack`)
  }
  chmodSync(readOnly, 0o700)
})
