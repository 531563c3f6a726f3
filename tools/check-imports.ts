// Imports point one way: this table says which folder may import which, and fails on the rest.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** What a folder may import beside itself; `types:` allows `import type` alone. `.` are the files at the top. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  profile: ['lib'],
  bucket: ['lib'],
  block: ['lib', 'profile', 'bucket'],
  collector: ['lib', 'profile', 'bucket', 'block'],
  query: ['lib', 'profile', 'bucket', 'block'],
  compact: ['lib', 'profile', 'bucket', 'block'],
  import: ['lib', 'profile', 'bucket', 'block'],
  export: ['lib', 'profile', 'bucket', 'block', 'query'],
  // The contract that the operator writes and a collector reads, and the rules in it, are the collector's.
  operator: ['lib', 'profile', 'collector/config', 'collector/relabel'],
  // Runs inside other people's pods: whatever it imports is memory there.
  forward: ['lib'],
  ui: ['types:query/api'],
  cli: [
    'lib',
    'profile',
    'bucket',
    'block',
    'collector',
    'query',
    'compact',
    'import',
    'export',
    'operator',
    'forward',
    'programs',
  ],
  programs: [
    'lib',
    'profile',
    'bucket',
    'block',
    'collector',
    'query',
    'compact',
    'import',
    'export',
    'operator',
    'forward',
    'ui',
    'cli',
  ],
  '.': [
    'programs',
    'lib',
    'profile',
    'bucket',
    'block',
    'collector',
    'query',
    'compact',
    'import',
    'export',
    'operator',
    'forward',
    'ui',
    'cli',
  ],
}

const importPattern =
  /^(?:import|export)\s(type\s)?[^'"]*?from\s*['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]/gms

function violations(file: string, text: string): string[] {
  const folder = dirname(file) === '.' ? '.' : file.split('/')[0]!
  const allowed = mayImport[folder]
  if (allowed === undefined)
    return [`${file}: folder "${folder}" is not in the table of tools/check-imports.ts`]
  const found: string[] = []
  for (const [, type, from, dynamic] of text.matchAll(importPattern)) {
    const target = normalize(join(dirname(file), from ?? dynamic!))
    const targetFolder = target.includes('/') ? target.split('/')[0]! : '.'
    if (targetFolder === folder) continue
    const isAllowed = allowed.some((entry) => {
      const [, typesOnly, path] = /^(types:)?(.*)$/.exec(entry)!
      return (
        (typesOnly === undefined || type !== undefined) && (target === path || target.startsWith(`${path}/`))
      )
    })
    if (!isAllowed)
      found.push(
        `${file}: may not import ${type ?? ''}${target}; ${folder} may import: ${allowed.join(', ') || 'nothing of ours'}`,
      )
  }
  return found
}

const files = globSync('**/*.{ts,tsx}', {
  exclude: (name) => ['node_modules', 'dist', 'data', 'test', 'tools', '.tap'].includes(name.split('/')[0]!),
}).filter((file) => !/\.test\.tsx?$/.test(file))
const problems = files.flatMap((file) => violations(file, readFileSync(file, 'utf8')))
for (const problem of problems) console.error(problem)
if (files.length === 0) throw new Error('check imports: no files found; run it at the top of the tree')
console.log(`imports of ${files.length} files checked, ${problems.length} against the table`)
process.exitCode = problems.length === 0 ? 0 : 1
