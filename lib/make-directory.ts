import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * As `mkdir -p`; the answer is the topmost folder that was made, undefined where all were there. Node's own
 * `recursive` never ends where a parent exists and yet says ENOENT, as below /proc.
 */
export async function makeDirectory(path: string): Promise<string | undefined> {
  try {
    await mkdir(path)
    return path
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path) {
      const first = await makeDirectory(dirname(path))
      // It may have been made beside us; if not, this says why not.
      const own = await makeLast(path)
      return first ?? own
    }
    return existing(path, error)
  }
}

async function makeLast(path: string): Promise<string | undefined> {
  try {
    await mkdir(path)
    return path
  } catch (error) {
    return existing(path, error)
  }
}

async function existing(path: string, error: unknown): Promise<undefined> {
  // A read-only file system says so of a folder that is there as well.
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) throw error
  return undefined
}
