import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { openBuildah } from './buildah.ts'
import { conprofImage, olderConprofImage } from './conprof-image.ts'
import type { Image } from './image.ts'
import { nodeBaseImageName, nodeVersion } from './node-base-image.ts'

const built = conprofImage()

t.test('the image of this tree has what runs, and nothing else', async (t) => {
  const image = await built
  t.equal(image.name, 'localhost/conprof:tree')
  const { tags, config, added } = await readImage(t, image)
  t.strictSame(tags, [image.name])
  t.equal(config.User, '65532:65532')
  t.strictSame(config.Entrypoint, ['node', '--max-semi-space-size=4', '/conprof/bin/conprof.js'])
  t.match(config.Labels['org.opencontainers.image.revision'], /^[0-9a-f]{40}(-dirty)?$/)

  const dockerignore = await readFile(join(tree, '.dockerignore'), 'utf8')
  const wanted = [...dockerignore.matchAll(/^!(.+)$/gm)].map(([, name]) => name!)
  t.ok(wanted.includes('.npmrc'), 'npm minds it while it installs')
  t.strictSame(
    namesIn('conprof', added),
    [...wanted, 'node_modules'].filter((name) => name !== '.npmrc').sort(),
  )
  const ours = added.filter(
    (path) => path.startsWith('conprof/') && !path.startsWith('conprof/node_modules/'),
  )
  t.ok(ours.includes('conprof/programs/all.ts'))
  t.strictSame(
    ours.filter((path) => /\.md$|\.test\.ts$|npmrc/.test(path)),
    [],
  )
  const packages = added.filter((path) => path.startsWith('conprof/node_modules/'))
  t.strictSame(
    packages.filter((path) => /\.map$|\.d\.[cm]?ts$/.test(path)),
    [],
  )
  t.strictSame(
    packages.filter((path) => /node_modules\/(node-(bin|linux)-|tap\/|typescript\/)/.test(path)),
    [],
  )
  // Where npm found its settings and certificates: neither they nor what they were mounted on.
  t.strictSame(
    added.filter((path) => /^(root|etc\/ssl|usr\/local\/etc)\//.test(path)),
    [],
  )
  const elsewhere = added.filter((path) => !/^(conprof|compile-cache|usr\/local\/(bin|lib))\/|\/$/.test(path))
  t.strictSame(
    elsewhere.filter((path) => !builders.test(`/${path}`)),
    [],
  )
})

t.test('it runs as a user who may write next to nothing, and has no need to', async (t) => {
  const { name } = await built
  const buildah = await openBuildah()
  const container = (await buildah.run('make a container', ['from', '--pull-never', name])).trim()
  t.teardown(() => buildah.run('remove a container', ['rm', container]))
  const run = (parameters: readonly string[]) =>
    buildah.run('run in a container', ['run', container, '--', ...parameters])
  const asRoot = (parameters: readonly string[]) =>
    buildah.run('run in a container', ['run', '--user=0', container, '--', ...parameters])

  t.equal((await run(['id', '-u'])).trim(), '65532')
  t.equal((await run(['node', '--version'])).trim(), `v${await nodeVersion()}`)
  await asRoot(['touch', '/start'])
  t.match(await run(['conprof', '--help']), /^Usage: conprof <command> \[flags\]/)
  // Each loads its program, then misses a file.
  for (const flags of [
    'all --config.file=/missing',
    'collector --config.file=/missing',
    'query --objstore.config-file=/missing',
    'operator --namespace=conprof --kubeconfig=/missing',
  ])
    t.match(await run(['sh', '-c', `conprof ${flags} 2>&1; test $? = 1`]), '"/missing": ENOENT')
  const written = async () => {
    const paths = await asRoot(['find', '/', '-xdev', '-type', 'f', '-cnewer', '/start'])
    return paths.split('\n').filter((path) => path !== '' && !builders.test(path))
  }
  // So what a first start would compile is there as well.
  t.strictSame(await written(), [])
  await run(['touch', '/compile-cache/x'])
  t.strictSame(await written(), ['/compile-cache/x'])
})

t.test('it is built without a revision too', async (t) => {
  const buildah = await openBuildah()
  const name = 'localhost/conprof-source:no-revision'
  const parameters = ['--layers', '--force-rm', '--pull-never', '--target=source', '--tag', name]
  await buildah.run('build the source', ['build', ...parameters, tree])
  t.ok(await buildah.inspect(name))
  await buildah.run('remove the source', ['rmi', name])
})

t.test('an archive is written where the image is another one, and only there', async (t) => {
  const seen = async () => {
    const { archive } = await conprofImage()
    return { id: await readFile(`${archive}.id`, 'utf8'), writtenMs: (await stat(archive)).mtimeMs }
  }
  const [first, second] = [await seen(), await seen()]
  // Somebody may be at work on the tree.
  t.equal(first.writtenMs === second.writtenMs, first.id === second.id)
})

t.test('the image of an older commit has its source', async (t) => {
  const image = await olderConprofImage()
  t.equal(image.name, 'localhost/conprof:older')
  const { tags, config, added } = await readImage(t, image)
  t.strictSame(tags, [image.name])
  const revision = config.Labels['org.opencontainers.image.revision']!
  t.match(revision, /^[0-9a-f]{40}$/)
  const git = ['ls-tree', '-r', '--name-only', revision, '--', 'programs', 'lib']
  const source = (await promisify(execFile)('git', git, { cwd: tree })).stdout.trim().split('\n')
  t.strictSame(
    added.filter((path) => /^conprof\/(programs|lib)\/.*[^/]$/.test(path)).sort(),
    source
      .filter((path) => !/\.md$|\.test\.ts$/.test(path))
      .map((path) => `conprof/${path}`)
      .sort(),
  )
})

interface ReadImage {
  readonly tags: readonly string[]
  readonly config: {
    readonly User: string
    readonly Entrypoint: readonly string[]
    readonly Labels: Readonly<Record<string, string>>
  }
  /** Paths of what is in the layers above the base's, folders with a slash at the end. */
  readonly added: readonly string[]
}

async function readImage(t: Test, image: Image): Promise<ReadImage> {
  const folder = t.testdir()
  await promisify(execFile)('tar', ['-xf', image.archive, '-C', folder])
  const [manifest] = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
  const { config, rootfs } = JSON.parse(await readFile(join(folder, manifest.Config), 'utf8'))
  const base = await (await openBuildah()).inspect(nodeBaseImageName)
  const baseLayers = base!.OCIv1.rootfs.diff_ids
  t.strictSame(rootfs.diff_ids.slice(0, baseLayers.length), baseLayers)
  const added: string[] = []
  for (const layer of manifest.Layers.slice(baseLayers.length)) {
    const { stdout } = await promisify(execFile)('tar', ['-tf', join(folder, layer)], { maxBuffer: 64 << 20 })
    added.push(...stdout.trim().split('\n'))
  }
  return { tags: manifest.RepoTags, config, added }
}

function namesIn(folder: string, paths: readonly string[]): string[] {
  const names = paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.split('/')[1]!)
  return [...new Set(names)].filter((name) => name !== '').sort()
}

/** What buildah itself puts into an image or a container, empty or for as long as it runs. */
const builders = /^\/(etc\/(hosts|hostname|resolv\.conf)|run\/\.containerenv)$/
const tree = fileURLToPath(new URL('../../..', import.meta.url))
