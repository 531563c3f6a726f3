import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import bcrypt from 'bcryptjs'
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
  await until(
    'a heap profile',
    async () => {
      const response = await fetch(
        `${all.url}/api/v1/profile?format=top&query=${encodeURIComponent(selector)}`,
      )
      return response.status === 200
    },
    120_000,
  )
  const top = await show('top', selector)
  t.equal(top.code, 0, top.stderr)
  t.match(top.stdout, /^inuse_space: [\d.]+MB in .*\n\d+ of \d+ nodes, .*\n +flat +flat% +sum% +cum +cum%\n/)
  // Nothing is stored of the hour before it: the other side is still shown.
  const diff = await show('diff', selector)
  t.equal(diff.code, 0, diff.stderr)
  t.match(diff.stderr, /^conprof: the base is empty: no profile matches /)
  t.match(diff.stdout, / new {2}/)
})

t.test('a user, a password and a prefix may be in the address', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'conprof-show-user-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const web = join(folder, 'web.yaml')
  const password = 'p@ss word'
  writeFileSync(web, JSON.stringify({ basic_auth_users: { ann: await bcrypt.hash(password, 4) } }))
  const all = await startConprof([
    `--storage.path=${folder}`,
    `--web.config.file=${web}`,
    '--web.route-prefix=/profiles',
  ])
  t.teardown(() => all.stop())
  const { host } = new URL(all.url)
  const show = (user: string) =>
    runConprof(['show', 'top', `--url=http://${user}${host}/profiles/`, '{job="none"}'])
  const known = await show(`ann:${encodeURIComponent(password)}@`)
  t.match(
    known.stderr,
    /^conprof: ask http:\/\/127\.0\.0\.1:\d+\/profiles: no profile matches \{job="none"\} from /,
  )
  const unknown = await show('')
  t.match(unknown.stderr, /^conprof: ask http:\/\/127\.0\.0\.1:\d+\/profiles: unauthorized\b/i)
  t.equal(unknown.code, 1)
})
