import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { runConprof, startConprof } from '../support/conprof.ts'

const program = fileURLToPath(new URL('program/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'conprof-pgo-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const run = (command: string, args: readonly string[]) =>
  promisify(execFile)(command, [...args], {
    cwd: folder,
    env: { ...process.env, GOFLAGS: '-mod=mod' },
    maxBuffer: 64 << 20,
  })

t.test('go build -pgo takes what /api/v1/pgo answers', async (t) => {
  for (const name of ['go.mod', 'main.go', 'with_profile.go', 'without_profile.go'])
    copyFileSync(join(program, name), join(folder, name))
  await run('go', ['build', '-tags=profile', '-o', 'spin', '.'])
  await run('./spin', ['cpu.pb.gz'])
  const storage = join(folder, 'data')
  const imported = await runConprof([
    'import',
    `--storage.path=${storage}`,
    '--label=service_name=spin',
    join(folder, 'cpu.pb.gz'),
  ])
  t.equal(imported.code, 0, imported.stderr)
  const query = await startConprof([`--storage.path=${storage}`], 'query')
  t.teardown(() => query.stop())

  const selector = '{service_name="spin"}'
  const response = await fetch(`${query.url}/api/v1/pgo?query=${encodeURIComponent(selector)}`)
  t.equal(response.status, 200)
  t.equal(response.headers.get('content-disposition'), 'attachment; filename="default.pgo"')
  const file = join(folder, 'default.pgo')
  writeFileSync(file, Buffer.from(await response.arrayBuffer()))
  const top = await run('go', ['tool', 'pprof', '-top', file])
  t.match(top.stdout, /Type: cpu\n/)
  t.match(top.stdout, /main\.spin$/m)

  // What the compiler took from it: a call through an interface became one of the method that is hot.
  const built = await run('go', ['build', '-pgo', file, '-gcflags=-m', '-o', 'fast', '.'])
  t.match(built.stderr, /PGO devirtualizing interface call \S+\.area to square\.area/)
  await run('./fast', [])

  const shown = await runConprof([
    'show',
    'pgo',
    `--url=${query.url}`,
    '-o',
    join(folder, 'cli.pgo'),
    selector,
  ])
  t.equal(shown.code, 0, shown.stderr)
  t.ok(readFileSync(join(folder, 'cli.pgo')).equals(readFileSync(file)), 'the same from the command line')

  const heaps = await fetch(`${query.url}/api/v1/pgo?query=heap`)
  t.equal(heaps.status, 404)
  t.equal(heaps.headers.get('x-go-pprof'), '1')
  t.match(await heaps.text(), /^no profile matches \{profile_type="heap"\} from /)
})
