import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { checkOutCommit } from './check-out-commit.ts'

t.test('an older commit is checked out, from where the history goes back so far', async (t) => {
  const root = t.testdir({ whole: { file: 'first' } })
  const whole = join(root, 'whole')
  const git = async (parameters: readonly string[], cwd = whole) => {
    const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgSign=false']
    return (await promisify(execFile)('git', [...author, ...parameters], { cwd })).stdout.trim()
  }
  await git(['init', '--quiet'])
  await git(['add', 'file'])
  await git(['commit', '--quiet', '-m', 'first'])
  const commit = await git(['rev-parse', 'HEAD'])
  await writeFile(join(whole, 'file'), 'second')
  await git(['commit', '--quiet', '-a', '-m', 'second'])

  const folder = join(root, 'older')
  await checkOutCommit({ repository: whole, commit, folder })
  t.equal(await readFile(join(folder, 'file'), 'utf8'), 'first')
  t.strictSame((await readdir(root)).sort(), ['older', 'whole'])

  const shallow = join(root, 'shallow')
  await git(['clone', '--quiet', '--depth=1', `file://${whole}`, shallow], root)
  await t.rejects(checkOutCommit({ repository: shallow, commit, folder: join(root, 'none') }), {
    message: `check out commit ${commit}: the history does not have it, want a clone that is not shallow: git fetch --unshallow`,
  })
})
