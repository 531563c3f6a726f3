import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from './sync-directory.ts'

/**
 * Puts the content where `path` is or was. Whoever looks meanwhile, or after a power cut, finds all of the old or all of
 * the new; the new survives a power cut once this resolves. Uses `<path>.tmp`, so two may not replace one file at once.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = `${path}.tmp`
  // One that a crash left may be readable by more.
  await rm(temporary, { force: true })
  const handle = await open(temporary, 'wx', options.mode)
  try {
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await syncDirectory(dirname(path))
}
