import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { crdFiles, createProfileTargetCrd, createScrapeConfigCrd } from './create-crd.ts'

const folder = join(import.meta.dirname, '..', '..', 'crds')

t.test('crds/ is what the schemas make: `npm run crds` writes it', async (t) => {
  const files = crdFiles()
  for (const { name, text } of files) t.equal(readFileSync(join(folder, name), 'utf8'), text, name)
  const there = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  t.same(there.sort(), files.map(({ name }) => name).sort(), 'and nothing else')
})

t.test('the text is the object', async (t) => {
  const [profileTargets, scrapeConfigs] = crdFiles()
  t.same(parse(profileTargets!.text), createProfileTargetCrd())
  t.same(parse(scrapeConfigs!.text), createScrapeConfigCrd())
})

t.test('every field a user writes has a description and a bound', async (t) => {
  for (const crd of [createProfileTargetCrd(), createScrapeConfigCrd()]) {
    for (const { path, node } of fieldsOf(schemaOf(crd), '')) {
      const { type, description, enum: values } = node
      if (path.startsWith('.spec') && crd.metadata.name.startsWith('profiletargets')) {
        if (!path.endsWith('[]') && !path.endsWith('*')) t.ok(description, `${path} is described`)
      }
      if (type === 'string' && values === undefined) t.ok(node['maxLength'], `${path} has a longest text`)
      if (type === 'array') t.ok(node['maxItems'], `${path} has a longest list`)
    }
  }
})

type Node = Record<string, unknown>

function schemaOf(crd: object): Node {
  const { spec } = crd as { spec: { versions: { schema: { openAPIV3Schema: Node } }[] } }
  const { spec: ours, status } = spec.versions[0]!.schema.openAPIV3Schema['properties'] as Record<
    string,
    Node
  >
  return { type: 'object', properties: { spec: ours, ...(status !== undefined && { status }) } }
}

function* fieldsOf(node: Node, path: string): Generator<{ path: string; node: Node }> {
  if (path !== '') yield { path, node }
  for (const [name, below] of Object.entries((node['properties'] ?? {}) as Record<string, Node>)) {
    yield* fieldsOf(below, `${path}.${name}`)
  }
  if (node['items'] !== undefined) yield* fieldsOf(node['items'] as Node, `${path}[]`)
  if (node['additionalProperties'] !== undefined) {
    yield* fieldsOf(node['additionalProperties'] as Node, `${path}.*`)
  }
}
