import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../../support/build-once.ts'
import { openBuildah } from '../images/buildah.ts'
import type { Image } from '../images/image.ts'
import { nodeBaseImage, nodeVersion } from '../images/node-base-image.ts'
import { sourceHash } from './source-hash.ts'

/**
 * The image of a folder's `web.ts`, upon that of Node. The packages it imports come from this tree, so that no registry
 * is asked.
 */
export async function nodeWorkloadImage(name: string, options: NodeWorkload): Promise<Image> {
  const folder = join(import.meta.dirname, options.folder)
  const packages = await withDependencies(options.packages)
  const sources = await sourceHash(folder, ['*.ts'])
  const recipe = await sourceHash(import.meta.dirname, ['node-workload.ts'])
  const versions = [...packages].map(([each, version]) => `${each.replaceAll('/', '-')}-${version}`).join('-')
  const key = `${options.folder}-${sources}-${recipe}-${versions}-node-${await nodeVersion()}.tar`
  const archive = await buildOnce(key, async (building) => {
    const app = join(building, 'context', 'app')
    await mkdir(app, { recursive: true })
    await cp(folder, app, { recursive: true })
    await writeFile(join(app, 'package.json'), '{"type": "module"}\n')
    for (const each of packages.keys()) await copyPackage(each, app)
    await writeFile(join(building, 'context', 'Dockerfile'), dockerfile(await baseImage()))
    const buildah = await openBuildah()
    const context = join(building, 'context')
    await buildah.run(`build image "${name}"`, ['build', '--pull-never', '--tag', name, context])
    const archive = join(building, 'image.tar')
    await buildah.run(`export image "${name}"`, ['push', name, `docker-archive:${archive}:${name}`])
    return archive
  })
  return { name, archive }
}

export interface NodeWorkload {
  readonly folder: string
  /** Names of npm packages. */
  readonly packages: readonly string[]
}

async function baseImage(): Promise<string> {
  return nodeBaseImage(await openBuildah())
}

function dockerfile(base: string): string {
  return `FROM ${base}
COPY app /app
USER 65532:65532
ENTRYPOINT ["node", "/app/web.ts"]
`
}

/** Versions by name. */
async function withDependencies(names: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const visit = async (name: string) => {
    if (found.has(name)) return
    const text = await readFile(join(modules, name, 'package.json'), 'utf8')
    const { version, dependencies = {} } = JSON.parse(text) as PackageJson
    found.set(name, version)
    for (const each of Object.keys(dependencies)) await visit(each)
  }
  for (const name of names) await visit(name)
  return found
}

interface PackageJson {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

async function copyPackage(name: string, app: string): Promise<void> {
  await cp(join(modules, name), join(app, 'node_modules', name), {
    recursive: true,
    filter: (path) => {
      const [, platform] = /\/prebuilds\/([^/]+)/.exec(path) ?? []
      return platform === undefined || platform === `linux-${process.arch}`
    },
  })
}

const modules = join(import.meta.dirname, '../../../node_modules')
