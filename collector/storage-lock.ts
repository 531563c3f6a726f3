import { open, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { takeSocket } from './socket-lock.ts'
import { StoreError } from './store-error.ts'

/** One process per folder. Two would give the same numbers to different attempts. */
export interface StorageLock {
  release(): Promise<void>
}

export interface LockOptions {
  /** How long to wait for another process to end; 0 unless given. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
  /** Told once, where it waits. */
  readonly onWait?: (error: Error) => void
}

/** Rejects with a StoreError `LOCKED` that names the other process, where it still runs. */
export async function lockStorage(directory: string, options: LockOptions = {}): Promise<StorageLock> {
  const { waitMs = 0, signal, onWait } = options
  const endMs = performance.now() + waitMs
  for (let isTold = false; ; isTold = true) {
    try {
      return await takeBoth(directory)
    } catch (error) {
      const isLocked = error instanceof StoreError && error.code === 'LOCKED'
      if (!isLocked || performance.now() >= endMs) throw error
      if (!isTold) onWait?.(error)
      await sleep(Math.min(200, waitMs), undefined, { signal })
    }
  }
}

/** The file names the process for people, and is all there is on a file system without sockets. */
async function takeBoth(directory: string): Promise<StorageLock> {
  const path = join(directory, 'lock')
  const socket = await takeSocket(directory)
  if (socket === 'held') throw lockedBy(await holderIn(path), path)
  try {
    await takeFile(path)
  } catch (error) {
    await socket?.release()
    throw error
  }
  return {
    release: async () => {
      await rm(path, { force: true })
      await socket?.release()
    },
  }
}

async function takeFile(path: string): Promise<void> {
  const own = `${process.pid} ${await startTicks(process.pid)} ${hostname()}\n`
  for (let isRetry = false; ; isRetry = true) {
    try {
      const handle = await open(path, 'wx')
      try {
        await handle.writeFile(own)
      } finally {
        await handle.close()
      }
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = await holderIn(path)
      if (isRetry || (await isAlive(holder))) throw lockedBy(holder, path)
      await rm(path, { force: true })
    }
  }
}

async function holderIn(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim()
}

function lockedBy(holder: string, path: string): StoreError {
  const [pid] = holder.split(' ')
  return new StoreError(
    'LOCKED',
    `open storage "${dirname(path)}": process ${pid} has it, as "${path}" says; want one process per folder`,
  )
}

/**
 * A pid alone would be taken again sooner or later, in a container at once (there everybody is 1); with the
 * time its process started it is not. Nor does it say anything in another container, where the socket does. A holder
 * on another host cannot be asked: volumes are not shared between hosts while in use.
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
