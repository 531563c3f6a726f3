import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openBuildah } from './buildah.ts'
import { imageFromFolder } from './image-from-folder.ts'

t.test('images live in a storage of their own, and what has no name can be removed', async (t) => {
  const root = t.testdir({
    app: { file: 'first' },
    context: { Dockerfile: 'FROM localhost/app:1\nCOPY . /\n' },
  })
  const buildah = await openBuildah(join(root, 'images'))
  t.equal(await buildah.inspect('localhost/app:1'), undefined)
  const { archive } = await imageFromFolder({
    name: 'localhost/app:1',
    folder: join(root, 'app'),
    entrypoint: ['/file'],
    labels: { colour: 'red' },
    archive: join(root, 'app.tar'),
  })
  await buildah.run('load app', ['pull', `docker-archive:${archive}`])
  const app = await buildah.inspect('localhost/app:1')
  t.strictSame(app?.OCIv1.config.Labels, { colour: 'red' })
  const elsewhere = await openBuildah(join(root, 'other'))
  t.equal(await elsewhere.inspect('localhost/app:1'), undefined)

  const build = ['build', '--pull-never', '--layers', '--quiet']
  const id = (await buildah.run('build on it', [...build, join(root, 'context')])).trim()
  t.equal((await buildah.inspect(id))?.OCIv1.rootfs.diff_ids.length, 2)
  const container = (await buildah.run('make a container', ['from', '--pull-never', id])).trim()
  await buildah.prune()
  t.ok(await buildah.inspect(id), 'a container needs it')
  await buildah.run('remove the container', ['rm', container])
  await buildah.prune()
  t.equal(await buildah.inspect(id), undefined)
  t.ok(await buildah.inspect('localhost/app:1'), 'it has a name')
  t.notMatch(await readFile('/proc/self/mountinfo', 'utf8'), root, 'nothing stays mounted')
})

t.test('a build that fails says why', async (t) => {
  const dockerfile = ['FROM scratch', 'COPY no-such-file /', ''].join('\n')
  const root = t.testdir({ context: { Dockerfile: dockerfile } })
  const buildah = await openBuildah(join(root, 'images'))
  await t.rejects(buildah.run('build app', ['build', '--layers', '--force-rm', join(root, 'context')]), {
    message: /^build app: buildah build: .*no-such-file.*no such file or directory/s,
  })
  t.equal(await buildah.run('list containers', ['containers', '--quiet']), '')
})
