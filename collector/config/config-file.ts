import { readFile } from 'node:fs/promises'
import { hideSecrets } from './hide-secrets.ts'
import { loadConfig } from './load-config.ts'
import type { Config } from './scrape-config.ts'

export interface ConfigFile {
  readonly config: Config
  /** For the status page: secrets hidden. */
  readonly shownYaml: string
}

/** Throws a ConfigError with every problem in it, or says why the file cannot be read. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read config "${path}": ${error.code ?? error.message}`, { cause: error })
  })
  return { config: loadConfig(text, path), shownYaml: hideSecrets(text) }
}
