import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { runConprof, startConprof } from '../support/conprof.ts'
import { until } from '../support/until.ts'

t.test('conprof show finds what conprof all has of itself', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'conprof-show-all-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const all = await startConprof([`--storage.path=${folder}`])
  t.teardown(() => all.stop())
  const show = (...args: string[]) => runConprof(['show', ...args, `--url=${all.url}`])
  const selector = '{service_name="conprof", profile_type="heap"}'
  await until('a heap profile', async () => {
    const response = await fetch(`${all.url}/api/v1/profile?format=top&query=${encodeURIComponent(selector)}`)
    return response.status === 200
  })
  const top = await show('top', selector)
  t.equal(top.code, 0, top.stderr)
  t.match(top.stdout, /^inuse_space: [\d.]+MB in .*\n\d+ of \d+ nodes, .*\n +flat +flat% +sum% +cum +cum%\n/)
  // Nothing is stored of the hour before it: the other side is still shown.
  const diff = await show('diff', selector)
  t.equal(diff.code, 0, diff.stderr)
  t.match(diff.stderr, /^conprof: the base is empty: no profile matches /)
  t.match(diff.stdout, / new {2}/)
})
