import { join } from 'node:path'
import { buildOnce } from '../../support/build-once.ts'
import { go } from '../../support/kubernetes-build.ts'
import { sourceHash } from './source-hash.ts'

/** Path of the static program that a folder here is the source of, built once for each state of it. */
export async function goWorkload(name: string): Promise<string> {
  const folder = join(import.meta.dirname, name)
  return buildOnce(`${name}-${await sourceHash(folder, ['go.mod', '*.go'])}`, async (building) => {
    const program = join(building, name)
    // The library writes names and lines into profiles by itself.
    await go(['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', program, '.'], folder)
    return program
  })
}
