import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildOnce } from './build-once.ts'

/** Paths of programs. */
export interface ControlPlaneBinaries {
  readonly etcd: string
  readonly kubeApiserver: string
  readonly kubectl: string
}

export const kubernetesVersion = '1.37.2'
export const etcdVersion = '3.7.3'

/**
 * The programs in `KUBEBUILDER_ASSETS` where that is set; else built from Go modules once per machine, outside of the
 * tree, which takes about eight minutes on two cores. Of several callers one builds and the others wait.
 */
export async function controlPlaneBinaries(): Promise<ControlPlaneBinaries> {
  const given = process.env['KUBEBUILDER_ASSETS']
  if (given) return binariesIn(given)
  const name = `kubernetes-${kubernetesVersion}-etcd-${etcdVersion}`
  return binariesIn(await buildOnce(name, build))
}

function binariesIn(folder: string): ControlPlaneBinaries {
  return {
    etcd: join(folder, 'etcd'),
    kubeApiserver: join(folder, 'kube-apiserver'),
    kubectl: join(folder, 'kubectl'),
  }
}

async function build(building: string): Promise<string> {
  const bin = join(building, 'bin')
  await mkdir(bin)
  await buildEtcd(join(building, 'etcd'), bin)
  await buildKubernetes(join(building, 'kubernetes'), bin)
  return bin
}

/** Its go.mod has replace lines, which `go install` refuses: a module of our own requires it. */
async function buildEtcd(module: string, bin: string): Promise<void> {
  const server = 'go.etcd.io/etcd/server/v3'
  await writeModule(module, [server], `require ${server} v${etcdVersion}\n`)
  await go(['build', '-trimpath', '-o', join(bin, 'etcd'), server], module)
}

async function buildKubernetes(module: string, bin: string): Promise<void> {
  const commands = ['kube-apiserver', 'kubectl']
  const packages = commands.map((command) => `k8s.io/kubernetes/cmd/${command}`)
  await mkdir(module)
  const answer = await go(['mod', 'download', '-json', `k8s.io/kubernetes@v${kubernetesVersion}`], module)
  const { GoMod } = JSON.parse(answer) as { GoMod: string }
  // It requires its staging modules at v0.0.0, from its own tree: each is published as v0.X.Y of the same release.
  const staged = [...(await readFile(GoMod, 'utf8')).matchAll(/^\s+(k8s\.io\/\S+) => \.\/staging/gm)]
  const published = `v0${kubernetesVersion.slice(kubernetesVersion.indexOf('.'))}`
  const replacements = staged.map(([, name]) => `replace ${name} => ${name} ${published}\n`)
  await writeModule(
    module,
    packages,
    `require k8s.io/kubernetes v${kubernetesVersion}\n\n${replacements.join('')}`,
  )
  const [major, minor] = kubernetesVersion.split('.')
  const version = 'k8s.io/component-base/version'
  const linkerFlags = [
    '-s -w',
    `-X ${version}.gitVersion=v${kubernetesVersion}`,
    `-X ${version}.gitMajor=${major}`,
    `-X ${version}.gitMinor=${minor}`,
  ].join(' ')
  for (const [index, command] of commands.entries()) {
    await go(
      ['build', '-trimpath', '-ldflags', linkerFlags, '-o', join(bin, command), packages[index]!],
      module,
    )
  }
}

async function writeModule(module: string, packages: readonly string[], requirements: string): Promise<void> {
  await mkdir(module, { recursive: true })
  await writeFile(join(module, 'go.mod'), `module local/control-plane\n\ngo 1.26.0\n\n${requirements}`)
  const imports = packages.map((name) => `import _ "${name}"\n`).join('')
  await writeFile(join(module, 'tools.go'), `//go:build tools\n\npackage tools\n\n${imports}`)
  await go(['mod', 'tidy'], module)
}

async function go(parameters: readonly string[], cwd: string): Promise<string> {
  try {
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' }
    const { stdout } = await promisify(execFile)('go', parameters, { cwd, env, maxBuffer: 64 << 20 })
    return stdout
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    const lines = stderr?.trim().split('\n') ?? []
    const seen = code === 'ENOENT' ? 'no "go" on the path, want Go 1.21 or later' : lines.at(-1)
    throw new Error(`build the test control plane: go ${parameters[0]}: ${seen ?? error}`, { cause: error })
  }
}
