// What pages say must be so: links and named files exist, npm scripts exist, flags exist, configs parse.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { parseObjstoreConfig } from '../bucket/objstore-config.ts'
import { loadConfig } from '../collector/config/load-config.ts'

interface Page {
  readonly path: string
  readonly text: string
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
const flagSources = [...globSync('cli/**/*.ts'), 'cli.ts']
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n')

/** Text between fences, with the language and the line it starts on. */
function fences({
  text,
}: Page): { readonly language: string; readonly body: string; readonly line: number }[] {
  return [...text.matchAll(/^( *)```(\w+)\n(.*?)^ *```/gms)].map((match) => ({
    language: match[2]!,
    body: match[3]!.replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''),
    line: text.slice(0, match.index).split('\n').length,
  }))
}

function missingFiles(page: Page): string[] {
  const prose = page.text.replaceAll(/^ *```.*?^ *```/gms, '')
  const links = [...prose.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)/g)].map((match) => match[1]!)
  const named = [...prose.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\.(?:ts|tsx|js|md|css|html))`/g)].map(
    (match) => match[1]!,
  )
  const isThere = (path: string) => existsSync(normalize(join(dirname(page.path), path)))
  return [
    ...links.filter((path) => !isThere(path)),
    ...named.filter((path) => !isThere(path) && !existsSync(path) && !isBelow(page, path)),
  ].map((path) => `${page.path}: names "${path}", which is not there`)
}

/** A folder's page may name a file by its last name alone; `x` stands for any. */
function isBelow({ path: page }: Page, name: string): boolean {
  if (/(^|\/)x\./.test(name)) return true
  return dirname(page) !== '.' && globSync(`${dirname(page)}/**/${name}`).length > 0
}

function missingScripts(page: Page): string[] {
  const named = [...page.text.matchAll(/\bnpm run (?:-s |--silent )?([\w:-]+)/g)].map((match) => match[1]!)
  if (/\bnpm start\b/.test(page.text)) named.push('start')
  if (/\bnpm test\b/.test(page.text)) named.push('test')
  return named
    .filter((name) => scripts[name] === undefined)
    .map((name) => `${page.path}: npm script "${name}" is not in package.json`)
}

function unknownFlags(page: Page): string[] {
  const commands = fences(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ body }) => body.replaceAll('\\\n', ' ').split('\n'))
    // Elsewhere it is the name of a release or namespace, and the flags are kubectl's.
    .map(
      (line) =>
        / conprof (?:-- )?((?:all|operator|collector|query|forward|check|block|import|export|capture) .*)/.exec(
          ` ${line}`,
        )?.[1],
    )
  return commands
    .flatMap((line = '') => line.split('#')[0]!.match(/--[a-z][\w.-]*[\w]/g) ?? [])
    .filter((flag) => !flagSources.includes(flag) && flag !== '--help')
    .map((flag) => `${page.path}: no command knows the flag ${flag}`)
}

function badConfigs(page: Page): string[] {
  const configs = fences(page).filter(
    ({ language, body }) => language === 'yaml' && /^(global|scrape_configs|type): ?/m.test(body),
  )
  return configs.flatMap(({ body, line }) => configProblems(`${page.path}:${line}`, body))
}

function configProblems(name: string, text: string): string[] {
  try {
    if (/^type:/m.test(text)) parseObjstoreConfig(text, name)
    else loadConfig(text, name)
    return []
  } catch (error) {
    return (error as Error).message.split('\n')
  }
}

const paths = globSync('**/*.md', {
  exclude: (name) => ['node_modules', 'dist', 'data', '.tap'].includes(name.split('/')[0]!),
})
const problems: string[] = []
for (const path of paths) {
  const page = { path, text: readFileSync(path, 'utf8') }
  problems.push(...missingFiles(page), ...missingScripts(page), ...unknownFlags(page), ...badConfigs(page))
}
for (const path of globSync('examples/*.yaml'))
  problems.push(...configProblems(path, readFileSync(path, 'utf8')))
for (const problem of problems) console.error(problem)
console.log(`${paths.length} pages checked, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
