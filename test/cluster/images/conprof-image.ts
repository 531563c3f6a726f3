import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildOnce } from '../../support/build-once.ts'
import { type Buildah, openBuildah } from './buildah.ts'
import type { Image } from './image.ts'
import { nodeBaseImage, nodeVersion } from './node-base-image.ts'

/** The image of the work tree as it is, by the Dockerfile that users build; what has not changed is not built again. */
export async function conprofImage(): Promise<Image> {
  const name = 'localhost/conprof:tree'
  const buildah = await openBuildah()
  const former = (await buildah.inspect(name))?.FromImageID
  const id = await build(buildah, name, tree, await revision())
  // Its layers stay where the new one has them too.
  if (former !== undefined && former !== id) await buildah.run('remove the former image', ['rmi', former])
  return { name, archive: await exported(buildah, name, id) }
}

/** The image of an older commit, built once per machine. Rejects where the history does not go back so far. */
export async function olderConprofImage(): Promise<Image> {
  const name = 'localhost/conprof:older'
  const archive = await buildOnce(
    `conprof-${olderCommit.slice(0, 7)}-node-${await nodeVersion()}.tar`,
    async (building) => {
      const buildah = await openBuildah()
      const context = join(building, 'tree')
      await checkOut(name, context)
      const id = await build(buildah, name, context, olderCommit)
      const archive = join(building, 'older.tar')
      await push(buildah, name, id, archive)
      return archive
    },
  )
  return { name, archive }
}

/** Its id. */
async function build(buildah: Buildah, name: string, context: string, revision: string): Promise<string> {
  await nodeBaseImage(buildah)
  const making = await mkdtemp(join(buildah.folder, 'building-'))
  try {
    const idFile = join(making, 'id')
    await buildah.run(`build image "${name}"`, [
      ...['build', '--layers', '--pull-never', '--tag', name, '--iidfile', idFile],
      ...['--build-arg', `REVISION=${revision}`],
      ...(await npmSettings(making)),
      context,
    ])
    return (await readFile(idFile, 'utf8')).trim().replace(/^sha256:/, '')
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

/** What npm needs on this machine to reach its registry, mounted while it runs, so that none of it is in the image. */
async function npmSettings(making: string): Promise<string[]> {
  const mounts: string[] = []
  const userSettings = join(homedir(), '.npmrc')
  if (await exists(userSettings)) mounts.push(`${userSettings}:/root/.npmrc:ro`)
  if (await exists(certificates)) {
    const settings = join(making, 'npmrc')
    await writeFile(settings, `cafile=${certificates}\n`)
    const folder = dirname(certificates)
    mounts.push(`${folder}:${folder}:ro`, `${settings}:/usr/local/etc/npmrc:ro`)
  }
  return mounts.flatMap((mount) => ['--volume', mount])
}

/** Path of the image's archive, written again only where the image is another one than last time. */
async function exported(buildah: Buildah, name: string, id: string): Promise<string> {
  const archive = join(buildah.folder, 'conprof-tree.tar')
  const idFile = `${archive}.id`
  const formerId = await readFile(idFile, 'utf8').catch(() => '')
  if (formerId === id && (await exists(archive))) return archive
  const making = await mkdtemp(join(buildah.folder, 'pushing-'))
  try {
    const whole = join(making, 'conprof.tar')
    await push(buildah, name, id, whole)
    // The id of an archive that is not there yet must not lie beside the other one.
    await rm(idFile, { force: true })
    await rename(whole, archive)
    await writeFile(idFile, id)
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return archive
}

async function push(buildah: Buildah, name: string, id: string, archive: string): Promise<void> {
  await buildah.run(`export image "${name}"`, ['push', id, `docker-archive:${archive}:${name}`])
}

async function checkOut(name: string, folder: string): Promise<void> {
  const commit = await git(['rev-parse', '--verify', '--quiet', `${olderCommit}^{commit}`]).catch(() => {
    const wanted = 'want a clone that is not shallow: git fetch --unshallow'
    throw new Error(`build image "${name}": the history has no commit ${olderCommit}, ${wanted}`)
  })
  const archive = `${folder}.tar`
  await git(['archive', '--output', archive, commit])
  await mkdir(folder)
  await promisify(execFile)('tar', ['-xf', archive, '-C', folder])
}

/** The commit of the work tree; that it was changed since is said. */
async function revision(): Promise<string> {
  return git(['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'])
}

async function git(parameters: readonly string[]): Promise<string> {
  return (await promisify(execFile)('git', parameters, { cwd: tree })).stdout.trim()
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

const tree = fileURLToPath(new URL('../../..', import.meta.url))
/** The first one whose state the cluster tests upgrade from. */
const olderCommit = '5049ab0c921aa8995b9fb35bbcaa28b18660cdaa'
/** Where Debian and its kin have what this machine trusts. */
const certificates = '/etc/ssl/certs/ca-certificates.crt'
