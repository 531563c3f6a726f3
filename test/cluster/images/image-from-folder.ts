import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { Image } from './image.ts'

export interface FolderImageOptions {
  /** With its tag: `localhost/conprof-test-shop:1`. */
  readonly name: string
  /** What is in it becomes the image's root. Modes are kept; owners are not, root has it all. */
  readonly folder: string
  /** Program and first parameters; the program by its path in the image. */
  readonly entrypoint: readonly string[]
  /** Numbers, as `runAsNonRoot` wants it: `65532:65532`. Root unless given. */
  readonly user?: string
  readonly env?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  /** Path of the archive to write; an older one is replaced once the new one is whole. */
  readonly archive: string
}

/**
 * An image of one layer, made without a base and without a builder. An equal folder gives an equal archive, so that a
 * node has nothing to import again. Rejects where the folder is missing or empty.
 */
export async function imageFromFolder(options: FolderImageOptions): Promise<Image> {
  const { name, archive } = options
  await mkdir(dirname(archive), { recursive: true })
  const making = await mkdtemp(`${archive}.making-`)
  try {
    const layer = join(making, 'layer.tar')
    const names = (await readdir(options.folder)).sort()
    if (names.length === 0) throw new Error('it is empty, want the program in it')
    // Not the folder itself, whose mode would be that of `/`: 0700 where it is a temporary one, and a user sees nothing.
    await tar(layer, options.folder, names)
    const config = JSON.stringify(imageConfig(options, await sha256OfFile(layer)))
    const configName = `${createHash('sha256').update(config).digest('hex')}.json`
    const manifest = [{ Config: configName, RepoTags: [name], Layers: ['layer.tar'] }]
    await writeFile(join(making, configName), config, { mode: 0o644 })
    await writeFile(join(making, 'manifest.json'), JSON.stringify(manifest), { mode: 0o644 })
    const whole = join(making, 'archive.tar')
    await tar(whole, making, ['manifest.json', configName, 'layer.tar'])
    await rename(whole, archive)
  } catch (error) {
    throw new Error(`make image "${name}" of folder "${options.folder}": ${lastLine(error)}`, {
      cause: error,
    })
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return { name, archive }
}

function imageConfig(options: FolderImageOptions, diffId: string) {
  return {
    created: '1970-01-01T00:00:00Z',
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      ...(options.user === undefined ? {} : { User: options.user }),
      ...(options.env === undefined
        ? {}
        : { Env: Object.entries(options.env).map(([name, value]) => `${name}=${value}`) }),
      ...(options.labels === undefined ? {} : { Labels: options.labels }),
      Entrypoint: options.entrypoint,
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
    // A builder that goes on from here counts the layers by it.
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'a folder' }],
  }
}

async function tar(archive: string, folder: string, names: readonly string[]): Promise<void> {
  const sameEveryTime = ['--format=gnu', '--sort=name', '--mtime=@0', '--hard-dereference']
  const ownedByRoot = ['--owner=0', '--group=0', '--numeric-owner']
  const parameters = [
    '--create',
    `--file=${archive}`,
    `--directory=${folder}`,
    ...sameEveryTime,
    ...ownedByRoot,
  ]
  await promisify(execFile)('tar', [...parameters, '--', ...names])
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr?.trim() || message).split('\n').at(-1)!
}
