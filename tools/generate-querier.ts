// Makes query/grafana/querier-pb.ts of querier.proto. Its two programs come through npm when it runs, since nothing else
// needs them: `node tools/generate-querier.ts`.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../query/grafana/', import.meta.url))
const programs = ['@bufbuild/buf@1.75.0', '@bufbuild/protoc-gen-es@2.17.0']
const plugin = { local: 'protoc-gen-es', out: '.', opt: ['target=ts', 'import_extension=ts'] }

const work = mkdtempSync(join(tmpdir(), 'conprof-querier-'))
try {
  cpSync(join(folder, 'querier.proto'), join(work, 'querier.proto'))
  writeFileSync(join(work, 'buf.gen.yaml'), JSON.stringify({ version: 'v2', plugins: [plugin] }))
  const packages = programs.map((name) => `--package=${name}`)
  execFileSync('npm', ['exec', '--yes', ...packages, '--', 'buf', 'generate', 'querier.proto'], {
    cwd: work,
    stdio: 'inherit',
  })
  const made = readFileSync(join(work, 'querier_pb.ts'), 'utf8')
  writeFileSync(join(folder, 'querier-pb.ts'), erasable(made))
} finally {
  rmSync(work, { recursive: true, force: true })
}
execFileSync('biome', ['check', '--write', join(folder, 'querier-pb.ts')], { stdio: 'inherit' })

/** Without comments, which only repeat the .proto, and with objects for enums, which Node cannot erase. */
function erasable(text: string): string {
  const bare = text.replaceAll(/^ *\/\*\*\n(?: *\*.*\n)*? *\*\/\n/gm, '')
  const body = bare.replace(/^(?:\/\/.*\n|\/\*.*\*\/\n|\n)*/, '')
  const enums = body.replaceAll(/^export enum (\w+) \{\n([^}]*)\}/gm, (_, name: string, members: string) => {
    const object = members.replaceAll(/^ *(\w+) = (\d+),\n+/gm, '  $1: $2,\n')
    return `export const ${name} = {\n${object}} as const\nexport type ${name} = (typeof ${name})[keyof typeof ${name}]`
  })
  return `// Made by tools/generate-querier.ts of querier.proto: do not edit.\n${enums}`
}
