import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const kubernetesVersion = '1.37.2'

/** Builds programs of `k8s.io/kubernetes/cmd` into the folder `bin`; `module` is a folder to do it in. */
export async function buildKubernetes(
  module: string,
  bin: string,
  commands: readonly string[],
): Promise<void> {
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

/** A Go module of our own, which requires what others will not have installed by `go install`. */
export async function writeModule(
  module: string,
  packages: readonly string[],
  requirements: string,
): Promise<void> {
  await mkdir(module, { recursive: true })
  await writeFile(join(module, 'go.mod'), `module local/test-programs\n\ngo 1.26.0\n\n${requirements}`)
  const imports = packages.map((name) => `import _ "${name}"\n`).join('')
  await writeFile(join(module, 'tools.go'), `//go:build tools\n\npackage tools\n\n${imports}`)
  await go(['mod', 'tidy'], module)
}

/** Its output; rejects with the last line that it said. */
export async function go(parameters: readonly string[], cwd: string): Promise<string> {
  try {
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' }
    const { stdout } = await promisify(execFile)('go', parameters, { cwd, env, maxBuffer: 64 << 20 })
    return stdout
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    const lines = stderr?.trim().split('\n') ?? []
    const seen = code === 'ENOENT' ? 'no "go" on the path, want Go 1.21 or later' : lines.at(-1)
    throw new Error(`build test programs: go ${parameters[0]}: ${seen ?? error}`, { cause: error })
  }
}
