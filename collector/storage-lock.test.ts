import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
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
