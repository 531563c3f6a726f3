import { join } from 'node:path'
import t from 'tap'
import { type Buildah, openBuildah } from './buildah.ts'
import { imageFromFolder } from './image-from-folder.ts'
import { nodeBaseImage, nodeBaseImageName, nodeVersion } from './node-base-image.ts'

t.test('an image that somebody pulled is left as it is', async (t) => {
  const root = t.testdir({ image: { file: 'first' } })
  const buildah = await openBuildah(join(root, 'images'))
  const pulled = await pull(root, buildah, {})
  t.equal(await nodeBaseImage(buildah), nodeBaseImageName)
  t.equal((await buildah.inspect(nodeBaseImageName))?.FromImageID, pulled)
})

t.test('a stand-in for another Node gives way to one for this, with which npm runs', async (t) => {
  const root = t.testdir({ image: { file: 'first' } })
  const buildah = await openBuildah(join(root, 'images'))
  const older = await pull(root, buildah, { 'conprof.test/stand-in': '25.0.0' })
  t.equal(await nodeBaseImage(buildah), nodeBaseImageName)
  const made = (await buildah.inspect(nodeBaseImageName))?.FromImageID
  t.ok(made)
  t.not(made, older)
  t.equal(await nodeBaseImage(buildah), nodeBaseImageName)
  t.equal((await buildah.inspect(nodeBaseImageName))?.FromImageID, made, 'once is enough')

  const container = (
    await buildah.run('make a container', ['from', '--pull-never', nodeBaseImageName])
  ).trim()
  const run = async (parameters: readonly string[]) =>
    (await buildah.run('run in a container', ['run', container, '--', ...parameters])).trim()
  t.equal(await run(['node', '--version']), `v${await nodeVersion()}`)
  t.match(await run(['npm', '--version']), /^\d+\.\d+\.\d+$/)
  t.equal(
    await run(['sh', '-c', 'ls /dev/null && . /etc/os-release && echo $VERSION_CODENAME']),
    '/dev/null\nbookworm',
  )
})

/** An image of the base's name comes into the storage; its id. */
async function pull(
  root: string,
  buildah: Buildah,
  labels: Readonly<Record<string, string>>,
): Promise<string> {
  const { archive } = await imageFromFolder({
    name: nodeBaseImageName,
    folder: join(root, 'image'),
    entrypoint: ['/file'],
    labels,
    archive: join(root, 'image.tar'),
  })
  await buildah.run('load image', ['pull', `docker-archive:${archive}`])
  return (await buildah.inspect(nodeBaseImageName))!.FromImageID
}
