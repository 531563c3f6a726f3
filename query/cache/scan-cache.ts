import { readdir, rm, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { mapConcurrently } from '../../lib/map-concurrently.ts'
import { fileEndings } from './object-pages.ts'

/** What one object takes on disk. */
export interface ScannedObject {
  /** Its path below the cache's folder, with slashes. */
  readonly id: string
  /** Its files without their endings. */
  readonly path: string
  readonly bodyBytes: number
  readonly tailBytes: number
  /** Unix ms. */
  readonly usedMs: number
}

/** The objects in a cache's folder, the least recently used first; no page is read. Data without an index is removed. */
export async function scanCache(root: string): Promise<ScannedObject[]> {
  const names = await readdir(root, { recursive: true })
  const all = new Set(names)
  const indexes = names.filter((name) => isOurs(name) && name.endsWith(fileEndings.index))
  for (const name of names) {
    const ending = [fileEndings.body, fileEndings.tail].find((each) => name.endsWith(each))
    if (ending === undefined || !isOurs(name)) continue
    if (!all.has(name.slice(0, -ending.length) + fileEndings.index))
      await rm(join(root, name), { force: true })
  }
  const scanned = await mapConcurrently(indexes, 8, async (name): Promise<ScannedObject | undefined> => {
    const path = join(root, name.slice(0, -fileEndings.index.length))
    const index = await stat(path + fileEndings.index).catch(() => undefined)
    if (index === undefined) return undefined
    const usedBy = async (ending: string) =>
      ((await stat(path + ending).catch(() => undefined))?.blocks ?? 0) * 512
    return {
      id: name.slice(0, -fileEndings.index.length).replaceAll(sep, '/'),
      path,
      bodyBytes: await usedBy(fileEndings.body),
      tailBytes: (await usedBy(fileEndings.tail)) + index.blocks * 512,
      usedMs: index.mtimeMs,
    }
  })
  return scanned.filter((each) => each !== undefined).sort((a, b) => a.usedMs - b.usedMs)
}

/** `<bucket>/<day>/<block>`: whatever else lies there is somebody else's. */
function isOurs(name: string): boolean {
  return /^[0-9a-f]{16}[\\/]\d{4}-\d\d-\d\d[\\/][^\\/]+\.(index|pages|tail)$/.test(name)
}
