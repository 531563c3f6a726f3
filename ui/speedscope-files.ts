import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { contentTypes, type UiFile } from './ui-files.ts'

/**
 * The viewer speedscope, below `speedscope/`: `#profileURL=` names a profile of the same server. It is served as it
 * was released, and asks nobody else.
 */
export async function readSpeedscopeFiles(): Promise<ReadonlyMap<string, UiFile>> {
  const manifest = createRequire(import.meta.url).resolve('speedscope/package.json')
  const folder = join(dirname(manifest), 'dist', 'release')
  const files = new Map<string, UiFile>()
  for (const name of await readdir(folder)) {
    const contentType = contentTypes[extname(name)]
    if (contentType === undefined) continue
    const body = await readFile(join(folder, name))
    const path = name === 'index.html' ? '' : name
    const cacheControl = path === '' ? 'no-cache' : 'public, max-age=86400'
    files.set(`speedscope/${path}`, { body, contentType, cacheControl })
  }
  return files
}
