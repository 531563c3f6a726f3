import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { formatDuration } from '../../lib/duration.ts'
import { loadConfig } from './load-config.ts'

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const folder = new URL('testdata/', import.meta.url)
const seeds = [
  ...[...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text),
  ...readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8')),
]
/** What configs are made of, and what no config should hold. */
const pieces = [
  '- ',
  ': ',
  '\n',
  '  ',
  '[',
  '{',
  '}',
  ']',
  '&a',
  '*a',
  '<<',
  '"',
  "'",
  '|',
  '!!',
  '#',
  '0',
  'null',
  '__proto__',
  '~',
  '\u0000',
  '\ud800',
  '(',
  '$1',
  '1m',
  '?',
  '%',
  '---',
  '\t',
]

t.test('loadConfig() loads or throws a ConfigError with places, whatever it gets', (t) => {
  const edit = fc.tuple(fc.nat(), fc.nat({ max: 12 }), fc.constantFrom(...pieces, ''))
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([seed, edits]) =>
      edits.reduce((text, [at, removed, piece]) => {
        const from = at % (text.length + 1)
        return text.slice(0, from) + piece + text.slice(from + removed)
      }, seed),
    )
  fc.assert(
    fc.property(mutated, (text) => {
      try {
        for (const { intervalMs } of loadConfig(text, 'fuzz.yaml').scrapeConfigs) formatDuration(intervalMs)
      } catch (error) {
        const { code, problems = [] } = error as { code?: string; problems?: readonly string[] }
        if (code !== 'BAD_CONFIG' || problems.length === 0) throw error
        for (const line of problems) if (!/^fuzz\.yaml:\d+:\d+: ./.test(line)) throw new Error(line)
      }
    }),
    { numRuns: 2000 },
  )
  t.pass()
  t.end()
})
