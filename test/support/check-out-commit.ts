import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Writes the tree of a commit into a new folder. Rejects where the history does not go back so far. */
export async function checkOutCommit(options: {
  readonly repository: string
  readonly commit: string
  readonly folder: string
}): Promise<void> {
  const { repository, commit, folder } = options
  const git = (parameters: readonly string[]) => promisify(execFile)('git', parameters, { cwd: repository })
  await git(['cat-file', '-e', `${commit}^{commit}`]).catch((error: unknown) => {
    const wanted = 'want a clone that is not shallow: git fetch --unshallow'
    throw new Error(`check out commit ${commit}: the history does not have it, ${wanted}`, { cause: error })
  })
  await mkdir(folder)
  const archive = `${folder}.tar`
  await git(['archive', '--output', archive, commit])
  await promisify(execFile)('tar', ['-xf', archive, '-C', folder])
  await rm(archive)
}
