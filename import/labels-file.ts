import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { PathFacts } from './path-template.ts'

/** As `conprof export --format pprof` writes it beside the profiles of a series. */
export const labelsFileName = 'labels.json'

/** What lies beside files: the labels of their series. The folder asked for last is kept. */
export class LabelsFiles {
  #folder = ''
  #labels: Promise<Readonly<Record<string, string>> | undefined> = Promise.resolve(undefined)

  /**
   * The labels of the folder that the file is in, and the time where its name is unix ms. Undefined where the folder has
   * no labels; rejects where they cannot be read.
   */
  async factsOf(path: string): Promise<PathFacts | undefined> {
    const folder = dirname(path)
    if (folder !== this.#folder) {
      this.#folder = folder
      this.#labels = readLabels(join(folder, labelsFileName))
    }
    const labels = await this.#labels
    if (labels === undefined) return undefined
    const [, digits] = /^(\d{12,13})\./.exec(basename(path)) ?? []
    return digits === undefined ? { labels } : { labels, timeMs: Number(digits) }
  }
}

async function readLabels(path: string): Promise<Readonly<Record<string, string>> | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const wrong = (seen: string) => new Error(`labels of it in ${JSON.stringify(path)}: ${seen}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw wrong((error as Error).message.replaceAll(/\s+/g, ' '))
  }
  const entries = Object.entries(Object(value) as Record<string, unknown>)
  const isLabels = entries.every(
    ([name, label]) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && typeof label === 'string',
  )
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isLabels) {
    throw wrong('want an object of names and texts')
  }
  return value as Readonly<Record<string, string>>
}
