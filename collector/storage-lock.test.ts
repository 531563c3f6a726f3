import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../test/support/until.ts'
import { lockStorage } from './storage-lock.ts'

t.test('lockStorage() lets one in, and the next when it has gone', async (t) => {
  const folder = t.testdir()
  const lock = await lockStorage(folder)
  await t.rejects(lockStorage(folder), {
    code: 'LOCKED',
    message: new RegExp(`process ${process.pid} has it`),
  })
  await lock.release()
  await (await lockStorage(folder)).release()
})

const needsProc = process.platform === 'linux' ? {} : { skip: 'there is no /proc' }
t.test('a killed process that nobody waited for holds nothing', needsProc, async (t) => {
  // What the shell becomes does not know the child it has, so nobody waits for it. The child is killed from here,
  // and only then: as long as the parent is a shell, it would wait.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'])
  t.teardown(() => parent.kill())
  const [said] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(said.toString())
  const isShell = async () => (await readFile(`/proc/${parent.pid}/comm`, 'utf8')).trim() !== 'sleep'
  while (await isShell()) await new Promise((resolve) => setTimeout(resolve, 5))
  process.kill(pid, 'SIGKILL')
  const fields = async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')
  while ((await fields())[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5))
  const folder = t.testdir()
  await writeFile(join(folder, 'lock'), `${pid} ${(await fields())[19]} ${hostname()}\n`)
  await (await lockStorage(folder)).release()
})

/** Takes the lock of `folder` in a process of its own, and resolves once it has it. */
async function lockElsewhere(folder: string) {
  const module = JSON.stringify(new URL('./storage-lock.ts', import.meta.url))
  const script = `
    const { lockStorage } = await import(${module})
    await lockStorage(${JSON.stringify(folder)})
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    // Without what a test runner would load into it.
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

t.test('who runs in another container holds it, though its number is another here', async (t) => {
  // Longer than the path of a socket may be.
  const folder = join(
    t.testdir(),
    ...Array.from({ length: 4 }, () => 'a-folder-with-a-long-name-of-forty-chars'),
  )
  await mkdir(folder, { recursive: true })
  const other = await lockElsewhere(folder)
  t.teardown(() => other.kill('SIGKILL'))
  // As it would be written by the process 1 of a container.
  await writeFile(join(folder, 'lock'), `1 1 ${hostname()}\n`)
  await t.rejects(lockStorage(folder), { code: 'LOCKED', message: /process 1 has it/ })
  other.kill('SIGSTOP')
  await t.rejects(lockStorage(folder), { code: 'LOCKED' })
  t.match(readdirSync(folder).sort(), ['lock', 'lock.sock'])

  const told: Error[] = []
  const waiting = lockStorage(folder, { waitMs: 60_000, onWait: (error) => told.push(error) })
  await until('it to wait', () => told.length > 0)
  other.kill('SIGKILL')
  await (await waiting).release()
  t.equal(told.length, 1)
  t.same(readdirSync(folder), [])
})

t.test('who waits for it stops with the signal', async (t) => {
  const folder = t.testdir()
  const lock = await lockStorage(folder)
  const stop = new AbortController()
  const onWait = () => stop.abort(new Error('stopped'))
  const { signal } = stop
  await t.rejects(lockStorage(folder, { waitMs: 60_000, signal, onWait }), { name: 'AbortError' })
  await lock.release()
})

t.test('of several that come at once after a crash one gets it', async (t) => {
  const folder = t.testdir()
  const other = await lockElsewhere(folder)
  other.kill('SIGKILL')
  await once(other, 'exit')
  const settled = await Promise.allSettled(Array.from({ length: 20 }, () => lockStorage(folder)))
  const locks = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  t.equal(locks.length, 1)
  for (const each of settled) if (each.status === 'rejected') t.match(each.reason, { code: 'LOCKED' })
  await locks[0]?.release()
  t.same(readdirSync(folder), [])
})
