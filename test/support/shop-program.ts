import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Conprof, startConprof } from './conprof.ts'
import { putShop } from './shop-bucket.ts'

export interface ShopProgram extends Conprof {
  /** With a slash at the end. */
  readonly base: string
  /** What "now" was when the shop was stored. */
  readonly nowMs: number
  close(): Promise<void>
}

/** `conprof all`, which scrapes itself, over a week of the shop; `put` stores more before it starts. */
export async function startShop(
  options: {
    readonly flags?: readonly string[]
    readonly put?: (bucketFolder: string, nowMs: number) => Promise<void>
  } = {},
): Promise<ShopProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'conprof-shop-'))
  const bucket = join(folder, 'bucket')
  await mkdir(bucket)
  const nowMs = Date.now()
  await putShop(bucket, nowMs)
  await options.put?.(bucket, nowMs)
  const conprof = await startConprof([`--storage.path=${folder}`, ...(options.flags ?? [])])
  return {
    ...conprof,
    nowMs,
    base: conprof.url.endsWith('/') ? conprof.url : `${conprof.url}/`,
    close: async () => {
      await conprof.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
