import { execFile } from 'node:child_process'
import { access, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildOnce, withLock } from '../../support/build-once.ts'
import { checkOutCommit } from '../../support/check-out-commit.ts'
import { olderCommit } from '../../support/older-release.ts'
import { type Buildah, openBuildah } from './buildah.ts'
import type { Image } from './image.ts'
import { nodeBaseImage, nodeVersion } from './node-base-image.ts'

/** The image of the work tree as it is, by the Dockerfile that users build; what has not changed is not built again. */
export async function conprofImage(): Promise<Image> {
  const name = 'localhost/conprof:tree'
  const buildah = await openBuildah()
  const archive = join(buildah.folder, 'conprof-tree.tar')
  // Of several callers, whose trees may differ, one after the other: each exports what it built.
  await withLock(join(buildah.folder, 'conprof-tree.lock'), async () => {
    const former = await buildah.inspect(name)
    const id = await build(buildah, {
      name,
      context: tree,
      revision: await revision(),
    })
    // All that the former one does not share with this one, else the storage grows with every change.
    if (former !== undefined && former.FromImageID !== id) await buildah.prune()
    await exportChanged(buildah, { name, id, archive })
  })
  return { name, archive }
}

/** The image of an older commit, built once per machine. Rejects where the history does not go back so far. */
export async function olderConprofImage(): Promise<Image> {
  const name = 'localhost/conprof:older'
  const archive = await buildOnce(
    `conprof-${olderCommit.slice(0, 7)}-node-${await nodeVersion()}.tar`,
    async (building) => {
      const buildah = await openBuildah()
      const context = join(building, 'tree')
      await checkOutCommit({ repository: tree, commit: olderCommit, folder: context })
      const id = await build(buildah, { name, context, revision: olderCommit })
      const archive = join(building, 'older.tar')
      await push(buildah, name, id, archive)
      // It is not built again.
      await buildah.run(`remove image "${name}"`, ['rmi', name, stageName(name)])
      await buildah.prune()
      return archive
    },
  )
  return { name, archive }
}

interface BuildOptions {
  readonly name: string
  readonly context: string
  readonly revision: string
}

/** Its id. */
async function build(buildah: Buildah, options: BuildOptions): Promise<string> {
  const { name, context, revision } = options
  await nodeBaseImage(buildah)
  const making = await mkdtemp(join(buildah.folder, 'building-'))
  try {
    const idFile = join(making, 'id')
    const run = (parameters: readonly string[]) =>
      buildah.run(`build image "${name}"`, [
        ...['build', '--layers', '--force-rm', '--pull-never', '--build-arg', `REVISION=${revision}`],
        ...[...parameters, context],
      ])
    // That stage alone sees the settings: where one is mounted, an empty file stays in the image.
    const stage = ['--target', npmStage, '--tag', stageName(name)]
    await run([...stage, ...(await npmSettings(making))])
    await run(['--tag', name, '--iidfile', idFile])
    return (await readFile(idFile, 'utf8')).trim().replace(/^sha256:/, '')
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

/** A stage with a name keeps its layers, whatever becomes of the image. */
function stageName(name: string): string {
  return name.replace(':', `-${npmStage}:`)
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

/** Writes the archive where the image is another one than last time. */
async function exportChanged(
  buildah: Buildah,
  { name, id, archive }: Image & { readonly id: string },
): Promise<void> {
  const idFile = `${archive}.id`
  const formerId = await readFile(idFile, 'utf8').catch(() => '')
  if (formerId === id && (await exists(archive))) return
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
}

async function push(buildah: Buildah, name: string, id: string, archive: string): Promise<void> {
  await buildah.run(`export image "${name}"`, ['push', id, `docker-archive:${archive}:${name}`])
}

/** The commit of the work tree; that it was changed since is said. */
async function revision(): Promise<string> {
  const describe = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*']
  return (await promisify(execFile)('git', describe, { cwd: tree })).stdout.trim()
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** The stage of the Dockerfile that runs `npm ci`. */
const npmStage = 'dependencies'
const tree = fileURLToPath(new URL('../../..', import.meta.url))
/** Where Debian and its kin have what this machine trusts. */
const certificates = '/etc/ssl/certs/ca-certificates.crt'
