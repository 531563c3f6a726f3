import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A file, or what came on stdin, whose path is `-`. */
export interface FoundFile {
  readonly path: string
  readonly sizeBytes: number
  /** Unix ms. */
  readonly modifiedMs: number
}

/**
 * Every file that is named or lies below a folder that is named, in the order of names; what begins with a dot lies
 * hidden. Links are followed to files, not to folders, so that no circle is. Rejects where a path cannot be read.
 */
export async function* findFiles(paths: readonly string[]): AsyncGenerator<FoundFile, void, undefined> {
  for (const path of paths) {
    const found = await statOf(path)
    if (found.isDirectory()) yield* below(path)
    else yield { path, sizeBytes: found.size, modifiedMs: Math.floor(found.mtimeMs) }
  }
}

async function* below(folder: string): AsyncGenerator<FoundFile, void, undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read folder ${JSON.stringify(folder)}: ${error.code}`, { cause: error })
  })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      yield* below(path)
      continue
    }
    if (!entry.isFile() && !entry.isSymbolicLink()) continue
    const found = await statOf(path)
    if (found.isFile()) yield { path, sizeBytes: found.size, modifiedMs: Math.floor(found.mtimeMs) }
  }
}

async function statOf(path: string) {
  return await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read ${JSON.stringify(path)}: ${error.code}`, { cause: error })
  })
}
