import { closeSync, openSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

export interface SocketLock {
  release(): Promise<void>
}

/**
 * A socket in `directory` that answers for as long as this process lives, however it ends: also to a process in another
 * container of this machine, for which process ids say nothing. `held` where another's answers; undefined where the
 * file system has no sockets.
 */
export async function takeSocket(directory: string): Promise<SocketLock | 'held' | undefined> {
  // A socket's path has at most 107 bytes: by its descriptor each folder is near.
  const folder = openSync(directory, 'r')
  const path = join(process.platform === 'linux' ? `/proc/self/fd/${folder}` : directory, 'lock.sock')
  const taken = await listenAt(path).catch((error: unknown) => {
    closeSync(folder)
    throw error
  })
  if (taken === 'held' || taken === undefined) {
    closeSync(folder)
    return taken
  }
  // Whoever ends some other way need not wait for it.
  taken.unref()
  return {
    release: async () => {
      await new Promise((resolve) => taken.close(resolve))
      closeSync(folder)
    },
  }
}

async function listenAt(path: string): Promise<Server | 'held' | undefined> {
  for (;;) {
    const server = createServer((connection) => connection.destroy())
    const code = await new Promise<string | undefined>((resolve) => {
      server.once('error', ({ code = 'UNKNOWN' }: NodeJS.ErrnoException) => resolve(code))
      server.listen(path, () => resolve(undefined))
    })
    if (code === undefined) return server
    if (code !== 'EADDRINUSE') return undefined
    if (await answers(path)) return 'held'
    // Another may have found the same and be here already: what is taken away must be what did not answer.
    const aside = `${path}.${process.pid}.${performance.now()}`
    try {
      await rename(path, aside)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      return undefined
    }
    if (await answers(aside)) {
      await rename(aside, path)
      return 'held'
    }
    await rm(aside, { force: true })
  }
}

/** Also one that stands still: the system takes connections for it. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(path)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    // Too many wait for it already.
    connection.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EAGAIN'))
  })
}
