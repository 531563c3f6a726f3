import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { imageFromFolder } from './image-from-folder.ts'

const run = promisify(execFile)

t.test('a folder becomes an image of one layer that names its parts by their digests', async (t) => {
  const root = t.testdir()
  await fill(join(root, 'app'), ['bin', 'etc'])
  const archive = join(root, 'made', 'app.tar')
  const image = await imageFromFolder({
    name: 'localhost/app:1',
    folder: join(root, 'app'),
    entrypoint: ['/bin/serve', '--port=80'],
    user: '65532:65532',
    env: { COLOUR: 'red', SIZE: '2' },
    archive,
  })
  t.strictSame(image, { name: 'localhost/app:1', archive })

  const parts = join(root, 'parts')
  await mkdir(parts)
  await run('tar', ['-xf', archive, '-C', parts])
  const [manifest] = JSON.parse(await readFile(join(parts, 'manifest.json'), 'utf8'))
  t.strictSame(manifest.RepoTags, ['localhost/app:1'])
  t.strictSame(manifest.Layers, ['layer.tar'])
  const configBytes = await readFile(join(parts, manifest.Config))
  t.equal(manifest.Config, `${sha256(configBytes)}.json`)
  const config = JSON.parse(configBytes.toString())
  t.strictSame(config.config, {
    User: '65532:65532',
    Env: ['COLOUR=red', 'SIZE=2'],
    Entrypoint: ['/bin/serve', '--port=80'],
  })
  t.equal(config.architecture, { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'])
  t.equal(config.history.length, 1)
  const layer = join(parts, 'layer.tar')
  t.strictSame(config.rootfs.diff_ids, [`sha256:${sha256(await readFile(layer))}`])

  const { stdout } = await run('tar', ['-tvf', layer, '--numeric-owner', '--utc', '--full-time'])
  t.strictSame(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      'drwxr-xr-x 0/0 0 1970-01-01 00:00:00 bin/',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 bin/also -> serve',
      '-rwxr-x--x 0/0 5 1970-01-01 00:00:00 bin/serve',
      'drwxr-xr-x 0/0 0 1970-01-01 00:00:00 etc/',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 etc/also -> serve',
      '-rwxr-x--x 0/0 5 1970-01-01 00:00:00 etc/serve',
    ],
  )
})

t.test('an equal folder gives an equal archive, another one another', async (t) => {
  const root = t.testdir()
  await fill(join(root, 'first'), ['a', 'b'])
  await fill(join(root, 'second'), ['b', 'a'])
  await utimes(join(root, 'second', 'a', 'serve'), 5, 5)
  await chmod(join(root, 'second'), 0o700)
  const archiveOf = async (folder: string) => {
    const archive = join(root, `${folder}.tar`)
    await imageFromFolder({
      name: 'localhost/app:1',
      folder: join(root, folder),
      entrypoint: ['/a/serve'],
      archive,
    })
    return sha256(await readFile(archive))
  }
  t.equal(await archiveOf('first'), await archiveOf('second'))
  await writeFile(join(root, 'second', 'a', 'serve'), 'other')
  t.not(await archiveOf('first'), await archiveOf('second'))
})

t.test('a folder that is missing or empty is named, and an older archive stays as it was', async (t) => {
  const root = t.testdir({ empty: {}, 'app.tar': 'older' })
  for (const [folder, problem] of [
    ['missing', /no such file/],
    ['empty', /it is empty, want the program in it/],
  ] as const) {
    const path = join(root, folder)
    const archive = join(root, 'app.tar')
    const options = { name: 'localhost/app:1', folder: path, entrypoint: ['/serve'], archive }
    const error = await imageFromFolder(options).then(
      () => undefined,
      (error: Error) => error,
    )
    t.match(error?.message, `make image "localhost/app:1" of folder "${path}": `)
    t.match(error?.message, problem)
    t.notMatch(error?.message, /\n/)
    t.equal(await readFile(archive, 'utf8'), 'older')
  }
})

async function fill(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(folder, name), { recursive: true })
    await writeFile(join(folder, name, 'serve'), 'serve')
    await chmod(join(folder, name, 'serve'), 0o751)
    await symlink('serve', join(folder, name, 'also'))
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
