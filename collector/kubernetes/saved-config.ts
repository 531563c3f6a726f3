import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeDirectory } from '../../lib/make-directory.ts'
import { replaceFile } from '../../lib/replace-file.ts'
import type { ScrapeConfigSpec } from '../config/scrape-config-resource.ts'
import { type Credentials, readScrapeConfigSpec } from './kubernetes-config.ts'

/** What a collector last heard from the API server: enough to scrape without it. */
export interface SavedConfig {
  /** By the name of their object. */
  readonly specs: ReadonlyMap<string, ScrapeConfigSpec>
  readonly credentials: Credentials
}

/** Whose it is: another's is not to be scraped. */
export interface SavedConfigOwner {
  readonly namespace: string
  readonly release: string
  readonly shard: number
}

const savedFile = z.strictObject({
  version: z.literal(1),
  namespace: z.string(),
  release: z.string(),
  shard: z.int(),
  specs: z.record(z.string(), z.unknown()),
  credentials: z.record(z.string(), z.string()),
})

/**
 * The config on disk, in `kubernetes.json` of `directory`; undefined where there is none. Throws in one line where
 * it is damaged or somebody else's; never with anything that is in it.
 */
export async function readSavedConfig(
  directory: string,
  owner: SavedConfigOwner,
): Promise<SavedConfig | undefined> {
  const path = pathOf(directory)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Error(`read saved config "${path}": ${error.code ?? error.message}`, { cause: error })
  })
  if (text === undefined) return undefined
  const saved = savedFile.safeParse(parseJson(text)).data
  if (saved === undefined) throw new Error(`read saved config "${path}": damaged, or of another version`)
  for (const name of ['namespace', 'release', 'shard'] as const) {
    if (saved[name] === owner[name]) continue
    const [seen, wanted] = [saved[name], owner[name]].map((value) => JSON.stringify(value))
    throw new Error(`read saved config "${path}": ${name} is ${seen}, want ${wanted}`)
  }
  const specs = new Map<string, ScrapeConfigSpec>()
  for (const [name, value] of Object.entries(saved.specs)) {
    try {
      specs.set(name, readScrapeConfigSpec(value))
    } catch (error) {
      throw new Error(`read saved config "${path}": ${name}: ${(error as Error).message}`, { cause: error })
    }
  }
  return { specs, credentials: new Map(Object.entries(saved.credentials)) }
}

/** Replaces the config on disk; what is there is whole at any time, and only we can read it. */
export async function writeSavedConfig(
  directory: string,
  owner: SavedConfigOwner,
  config: SavedConfig,
): Promise<void> {
  await makeDirectory(directory)
  await chmod(directory, 0o700)
  const { namespace, release, shard } = owner
  const saved = {
    version: 1,
    namespace,
    release,
    shard,
    specs: Object.fromEntries(config.specs),
    credentials: Object.fromEntries(config.credentials),
  } satisfies z.input<typeof savedFile>
  await replaceFile(pathOf(directory), JSON.stringify(saved), { mode: 0o600 })
}

function pathOf(directory: string): string {
  return join(directory, 'kubernetes.json')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
