import { open, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { StoreError } from './store-error.ts'

/** One process per folder. Two would give the same numbers to different attempts. */
export interface StorageLock {
  release(): Promise<void>
}

/** Rejects with a StoreError `LOCKED` that names the other process, where it still runs. */
export async function lockStorage(directory: string): Promise<StorageLock> {
  const path = join(directory, 'lock')
  const own = `${process.pid} ${await startTicks(process.pid)} ${hostname()}\n`
  for (let isRetry = false; ; isRetry = true) {
    try {
      const handle = await open(path, 'wx')
      try {
        await handle.writeFile(own)
      } finally {
        await handle.close()
      }
      return { release: () => rm(path, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = (await readFile(path, 'utf8').catch(() => '')).trim()
      if (isRetry || (await isAlive(holder))) {
        const [pid] = holder.split(' ')
        throw new StoreError(
          'LOCKED',
          `open storage "${directory}": process ${pid} has it, as "${path}" says; want one process per folder`,
        )
      }
      await rm(path, { force: true })
    }
  }
}

/**
 * A pid alone would be taken again sooner or later, in a container at once (there everybody is 1); with the
 * time its process started it is not. A holder on another host cannot be asked: volumes are not shared
 * between hosts while in use.
 */
async function isAlive(holder: string): Promise<boolean> {
  const [pidText, ticks, host] = holder.split(' ')
  const pid = Number(pidText)
  if (!Number.isInteger(pid) || pid <= 0 || host !== hostname()) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = await startTicks(pid)
  return now === ticks || now === '0'
}

/** When a process started, in ticks since boot; "0" where the system does not say. */
async function startTicks(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold spaces; the start time is the 22nd field.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A killed process that nobody has waited for yet has no files open any more.
    if (state === 'Z' || state === 'X') return 'ended'
    return fields[18] ?? '0'
  } catch {
    return '0'
  }
}
