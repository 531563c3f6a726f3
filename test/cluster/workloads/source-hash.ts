import { createHash } from 'node:crypto'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Tells one state of the files that match from another: 12 hex digits. Rejects where a pattern matches nothing. */
export async function sourceHash(folder: string, patterns: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const pattern of patterns) {
    const names = (await Array.fromAsync(glob(pattern, { cwd: folder }))).sort()
    if (names.length === 0) throw new Error(`hash sources of "${folder}": nothing matches "${pattern}"`)
    for (const name of names) {
      const text = await readFile(join(folder, name))
      hash.update(`${name}\n${text.length}\n`).update(text)
    }
  }
  return hash.digest('hex').slice(0, 12)
}
