import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Conprof, runConprof, startConprof } from './conprof.ts'

/** The program over profiles that were imported: it scrapes nothing, so that nothing changes. */
export interface StoredProfiles extends Conprof {
  /** With a slash at the end. */
  readonly base: string
  close(): Promise<void>
}

/** Times of etcd's CPU profiles in the corpus: nine, ten seconds apart. */
export const etcdCpu = { firstMs: 1795380901253, lastMs: 1795380981276 } as const

/** Imports the corpus, as `{job="etcd", profile_type="cpu"}` and so on, and `own` files by job and type. */
export async function startStoredProfiles(
  own: readonly {
    readonly job: string
    readonly type: string
    readonly timeMs: number
    readonly bytes: Uint8Array
  }[] = [],
): Promise<StoredProfiles> {
  const folder = await mkdtemp(join(tmpdir(), 'conprof-stored-'))
  const storage = `--storage.path=${join(folder, 'data')}`
  const corpus = fileURLToPath(new URL('../testdata/corpus/', import.meta.url))
  const owned = join(folder, 'own')
  await mkdir(owned)
  for (const { job, type, timeMs, bytes } of own) {
    await mkdir(join(owned, job, type), { recursive: true })
    await writeFile(join(owned, job, type, `${timeMs}.pb.gz`), bytes)
  }
  for (const files of own.length > 0 ? [corpus, owned] : [corpus]) {
    const template = '--path-template={job}/{profile_type}/{timeMs}.pb.gz'
    const { code, stderr } = await runConprof(['import', storage, template, files])
    if (code !== 0) throw new Error(`import ${files}: it ended with ${code}: ${stderr}`)
  }
  const config = join(folder, 'conprof.yaml')
  await writeFile(config, 'scrape_configs: []\n')
  const conprof = await startConprof([storage, `--config.file=${config}`, '--storage.retention.time=0'])
  return {
    ...conprof,
    base: conprof.url.endsWith('/') ? conprof.url : `${conprof.url}/`,
    close: async () => {
      await conprof.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
