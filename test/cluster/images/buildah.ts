import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildOnce } from '../../support/build-once.ts'
import { debianProgram } from '../../support/debian-package.ts'

/** The program buildah over a storage of its own: nothing of the developer's is seen or touched. */
export interface Buildah {
  /** What it wrote; rejects with `what` and the last lines that it said. Each call ends with nothing mounted. */
  run(what: string, parameters: readonly string[]): Promise<string>
  /** Removes the images without a name, once nobody else builds here; not those that a container was made from. */
  prune(): Promise<void>
  /** As JSON; undefined where the storage has no image of that name or id. */
  inspect(image: string): Promise<BuiltImage | undefined>
  /** A folder for what belongs to the images of this storage: archives, settings. */
  readonly folder: string
}

/** Of what buildah says of an image, what is asked here. */
export interface BuiltImage {
  readonly FromImageID: string
  readonly OCIv1: {
    readonly config: {
      readonly Labels?: Readonly<Record<string, string>>
    }
    readonly rootfs: { readonly diff_ids: readonly string[] }
  }
}

/** Storage below `folder`, by default one that is kept outside of the tree, as what `buildOnce` builds is. */
export async function openBuildah(folder?: string): Promise<Buildah> {
  const program = await debianProgram({ program: 'buildah', package: 'buildah' })
  const home = folder ?? (await buildOnce('images', async (building) => building))
  await mkdir(join(home, 'storage'), { recursive: true })
  const storage = [
    '--root',
    join(home, 'storage'),
    '--runroot',
    join(home, 'run'),
    '--storage-driver=overlay',
  ]
  const env = { ...process.env, BUILDAH_ISOLATION: 'chroot' }
  // What is mounted in a mount namespace of its own goes with the program, also with one that was killed.
  const alone = ['--mount', '--propagation=private', '--', program, ...storage]
  const locked = (lock: '--shared' | '--exclusive', parameters: readonly string[]) => {
    const inLock = [lock, join(home, 'lock'), 'unshare', ...alone, ...parameters]
    return promisify(execFile)('flock', inLock, { env, maxBuffer: 256 << 20 })
  }
  const run = (parameters: readonly string[]) => locked('--shared', parameters)
  return {
    folder: home,
    run: async (what, parameters) => {
      try {
        return (await run(parameters)).stdout
      } catch (error) {
        throw new Error(`${what}: buildah ${parameters[0]}: ${lastLines(error)}`, { cause: error })
      }
    },
    prune: async () => {
      try {
        await locked('--exclusive', ['rmi', '--prune'])
      } catch (error) {
        if (/image is in use by a container/.test(lastLines(error))) return
        throw new Error(`remove images without a name: ${lastLines(error)}`, { cause: error })
      }
    },
    inspect: async (image) => {
      try {
        return JSON.parse((await run(['inspect', '--type=image', image])).stdout) as BuiltImage
      } catch (error) {
        if (/image not known|no such image/.test(lastLines(error))) return undefined
        throw new Error(`inspect image "${image}": ${lastLines(error)}`, { cause: error })
      }
    },
  }
}

/** The end of a failed program's output: a build says above its error what it was doing. */
function lastLines(error: unknown): string {
  const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string }
  return (`${stdout}${stderr}`.trim() || message).split('\n').slice(-20).join('\n')
}
