import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildOnce } from '../../support/build-once.ts'
import { debianProgram } from '../../support/debian-package.ts'
import type { Buildah } from './buildah.ts'
import { imageFromFolder } from './image-from-folder.ts'

/** What the Dockerfile begins with. */
export const nodeBaseImageName = 'docker.io/library/node:26-bookworm-slim'

/**
 * Sees to it that the storage has an image of that name: the real one, where somebody pulled it into it, or a stand-in
 * for machines that reach no registry, made once per version of Node in about two minutes. It has what the real one
 * has: Debian's smallest system, Node's libraries, Node and npm.
 */
export async function nodeBaseImage(buildah: Buildah): Promise<string> {
  const version = await nodeVersion()
  const standIn = `${version}-npm-${npmVersion}-recipe-${recipe}`
  const present = await buildah.inspect(nodeBaseImageName)
  const label = present?.OCIv1.config.Labels?.[standInLabel]
  const isReal = present !== undefined && label === undefined
  if (isReal || label === standIn) return nodeBaseImageName
  const archive = await buildOnce(`node-base-${standIn}.tar`, (building) =>
    makeStandIn(building, { version, standIn }),
  )
  await buildah.run(`load image "${nodeBaseImageName}"`, ['pull', `docker-archive:${archive}`])
  return nodeBaseImageName
}

/** Of the Node that the tests run, which goes into the stand-in. */
export async function nodeVersion(): Promise<string> {
  const text = await readFile(join(nodePackage, 'package.json'), 'utf8').catch((error: unknown) => {
    throw new Error(`make image "${nodeBaseImageName}": no package "${nodePackage}", want it by npm ci`, {
      cause: error,
    })
  })
  return (JSON.parse(text) as { version: string }).version
}

async function makeStandIn(
  building: string,
  { version, standIn }: { readonly version: string; readonly standIn: string },
): Promise<string> {
  const root = join(building, 'root')
  try {
    await installDebian(root)
    await copyFile(join(nodePackage, 'bin', 'node'), join(root, 'usr', 'local', 'bin', 'node'))
    await installNpm(root)
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      message,
    } = error as { stdout?: string; stderr?: string; message: string }
    const seen = (`${stdout}${stderr}`.trim() || message).split('\n').slice(-5).join('\n')
    throw new Error(`make image "${nodeBaseImageName}": ${seen}`, { cause: error })
  }
  const { archive } = await imageFromFolder({
    name: nodeBaseImageName,
    folder: root,
    entrypoint: ['node'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', NODE_VERSION: version },
    labels: { [standInLabel]: standIn },
    archive: join(building, 'node-base.tar'),
  })
  return archive
}

async function installDebian(root: string): Promise<void> {
  const debootstrap = await debianProgram({ program: 'debootstrap', package: 'debootstrap' })
  const parameters = ['--variant=minbase', '--include=libstdc++6,libatomic1', 'bookworm', root]
  // It mounts /proc and /sys below the root; in a mount namespace of its own they go, however it ends.
  await promisify(execFile)(
    'unshare',
    ['--mount', '--propagation=private', '--', debootstrap, ...parameters],
    {
      maxBuffer: 64 << 20,
    },
  )
  for (const folder of ['var/cache/apt', 'var/lib/apt/lists', 'dev', ...slimWithout]) {
    await rm(join(root, folder), { recursive: true, force: true })
    await mkdir(join(root, folder), { recursive: true })
  }
}

/** By `npm pack`, which minds the settings that this machine needs: npm brings what it depends on in its package. */
async function installNpm(root: string): Promise<void> {
  const modules = join(root, 'usr', 'local', 'lib', 'node_modules')
  await mkdir(modules, { recursive: true })
  const packed = await mkdtemp(join(root, 'packed-'))
  await promisify(execFile)('npm', ['pack', `npm@${npmVersion}`, `--pack-destination=${packed}`])
  await promisify(execFile)('tar', ['-xzf', join(packed, `npm-${npmVersion}.tgz`), '-C', packed])
  await promisify(execFile)('mv', [join(packed, 'package'), join(modules, 'npm')])
  await rm(packed, { recursive: true })
  for (const name of ['npm', 'npx'])
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr', 'local', 'bin', name))
}

const nodePackage = fileURLToPath(
  new URL(`../../../node_modules/node-linux-${process.arch}`, import.meta.url),
)
const npmVersion = '11.21.2'
/** To be raised where the making below changes, so that it is made anew. */
const recipe = 1
const standInLabel = 'conprof.test/stand-in'
/** As Debian's own slim images are. */
const slimWithout = ['usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale']
