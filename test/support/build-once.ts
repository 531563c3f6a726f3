import { randomUUID } from 'node:crypto'
import { access, link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { testCache } from './test-cache.ts'

/**
 * The path of something that is built once per machine, outside of the tree. `build` gets an empty folder and says what
 * in it is the result. Of several callers one builds and the others wait.
 */
export async function buildOnce(name: string, build: (building: string) => Promise<string>): Promise<string> {
  const parent = join(testCache(), 'bin')
  const path = join(parent, name)
  if (await exists(path)) return path
  await mkdir(parent, { recursive: true })
  await withLock(`${path}.lock`, async () => {
    if (await exists(path)) return
    // Elsewhere first: a build that was broken off must not look like a whole one.
    const building = await mkdtemp(join(parent, 'building-'))
    try {
      await rename(await build(building), path)
    } finally {
      await rm(building, { recursive: true, force: true })
    }
  })
  return path
}

/** Held by a file with its owner's process id, so that one that was left behind holds nobody up. */
export async function withLock(path: string, run: () => Promise<void>): Promise<void> {
  // There at once with what is in it: one without an owner would hold everybody up for good.
  const own = `${path}-${randomUUID()}`
  for (;;) {
    try {
      await writeFile(own, String(process.pid))
      await link(own, path)
      break
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
      const owner = Number(await readFile(path, 'utf8').catch(() => ''))
      if (owner > 0 && !isAlive(owner)) await rm(path, { force: true })
      await setTimeout(500)
    } finally {
      await rm(own, { force: true })
    }
  }
  try {
    await run()
  } finally {
    await rm(path, { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
