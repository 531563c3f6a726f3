import { readFile } from 'node:fs/promises'
import { basename, isAbsolute, join, normalize, relative, resolve } from 'node:path'

export interface SourceTextOptions {
  /** Folders that are looked into, in their order; nothing outside of them is read. */
  readonly folders: readonly string[]
  /** What is taken off the beginning of paths. */
  readonly trimPaths: readonly string[]
}

/**
 * Finds the text of files that profiles name as they were where they were built: below each folder by as much of the
 * end of the path as there is, the longest first. A bare file name is taken only where the part before it is the
 * folder's own name, or where something was trimmed off.
 */
export function sourceText({ folders, trimPaths }: SourceTextOptions) {
  const known = new Map<string, readonly string[] | undefined>()
  return async (file: string): Promise<readonly string[] | undefined> => {
    if (!known.has(file)) known.set(file, await find(file))
    return known.get(file)
  }

  async function find(file: string): Promise<readonly string[] | undefined> {
    for (const folder of folders) {
      for (const candidate of candidatesOf(file, resolve(folder), trimPaths)) {
        const text = await readFile(candidate, 'utf8').catch(() => undefined)
        if (text !== undefined) return text.split(/\r?\n/)
      }
    }
    return undefined
  }
}

/** Paths below the folder where the file may be. */
export function candidatesOf(file: string, folder: string, trimPaths: readonly string[]): string[] {
  const path = normalize(file)
  const trimmed = trimPaths.find(
    (prefix) => path === prefix || path.startsWith(`${prefix.replace(/\/+$/, '')}/`),
  )
  const rest = trimmed === undefined ? path : path.slice(trimmed.replace(/\/+$/, '').length)
  const parts = rest.split('/').filter((part) => part !== '')
  const candidates: string[] = []
  if (isAbsolute(path) && isWithin(path, folder)) candidates.push(path)
  for (let first = 0; first < parts.length; first++) {
    const isBare = first === parts.length - 1 && parts.length > 1
    const isOwn = parts[first - 1] === basename(folder)
    if (isBare && !isOwn && trimmed === undefined) continue
    const candidate = join(folder, ...parts.slice(first))
    if (isWithin(candidate, folder)) candidates.push(candidate)
  }
  return [...new Set(candidates)]
}

function isWithin(path: string, folder: string): boolean {
  const from = relative(folder, path)
  return from !== '' && !from.startsWith('..') && !isAbsolute(from)
}
