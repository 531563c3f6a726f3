// Runs the tests beside the code, one process per folder: a process per file costs most of a second each.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'

const files = globSync('**/*.test.ts', {
  exclude: (name) => ['node_modules', 'dist', 'data', '.tap', 'test'].includes(name.split('/')[0]!),
}).filter((file) => process.argv.length === 2 || process.argv.slice(2).some((path) => file.startsWith(path)))

interface Result {
  readonly folder: string
  readonly output: string
  readonly isOk: boolean
}

async function runFolder(folder: string, files: readonly string[]): Promise<Result> {
  const program = files.map((file) => `await import(${JSON.stringify(pathToFileURL(file).href)})`).join('\n')
  // tap names the folders of fixtures after the program's first argument.
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { folder, output, isOk: code === 0 }
}

const queue = [...Map.groupBy(files, (file) => file.split('/')[0]!)]
const results: Result[] = []
const work = async () => {
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) results.push(await runFolder(...next))
}
await Promise.all(Array.from({ length: availableParallelism() }, work))

let passed = 0
for (const { folder, output, isOk } of results) {
  passed += output.match(/^ *ok /gm)?.length ?? 0
  if (!isOk) console.error(`${folder}:\n${output}`)
}
const failed = results.filter(({ isOk }) => !isOk).map(({ folder }) => folder)
console.log(
  `${files.length} unit test files, ${passed} passed${failed.length > 0 ? `, failed in ${failed.join(', ')}` : ''}`,
)
process.exitCode = failed.length === 0 ? 0 : 1
