import { readFileSync } from 'node:fs'
import t from 'tap'
import { configFields, scrapeConfigFields } from './config-schema.ts'
import { httpClientShape } from './http-client-schema.ts'
import { loadConfig } from './load-config.ts'
import { knownTypes } from './profile-types.ts'

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

t.test('every example of docs/configuration.md loads', (t) => {
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)]
  t.ok(examples.length >= 9, `${examples.length} examples`)
  for (const { 1: text = '', index } of examples) {
    const line = page.slice(0, index).split('\n').length
    const { scrapeConfigs } = loadConfig(text, `docs/configuration.md, example at line ${line}`)
    t.ok(scrapeConfigs.length > 0 || text.startsWith('global:'), `line ${line}`)
  }
  t.end()
})

t.test('docs/configuration.md has a row for every field and every profile type', (t) => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const documented = new Set(
    rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name)),
  )
  const { basic_auth, authorization, tls_config, ...clientFields } = httpClientShape
  const below = (name: string, shape: object) => Object.keys(shape).map((field) => `${name}.${field}`)
  const fields = [
    ...Object.keys(configFields.shape.global.unwrap().shape),
    ...Object.keys(scrapeConfigFields.shape).filter((name) => !(name in httpClientShape)),
    ...Object.keys(clientFields),
    ...below('basic_auth', basic_auth.unwrap().shape),
    ...below('authorization', authorization.unwrap().shape),
    ...below('tls_config', tls_config.unwrap().shape),
    ...Object.keys(knownTypes),
  ]
  t.same(
    fields.filter((name) => !documented.has(name)),
    [],
  )
  for (const [type, { enabled, path, seconds }] of Object.entries(knownTypes)) {
    const cells =
      rows.find((row) => row.startsWith(`| \`${type}\` `) && row.includes('/debug/'))?.split('|') ?? []
    t.equal(cells[2]?.trim().startsWith('yes'), enabled, `${type} is enabled`)
    t.match(cells[3], path)
    t.equal(cells[4]?.trim(), String(seconds ?? ''), `seconds of ${type}`)
  }
  t.end()
})
