import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { knownTypes } from '../collector/config/profile-types.ts'
import { protectedLabels } from '../collector/config/scrape-config-resource.ts'
import { checkProfileTarget } from './api/check-profile-target.ts'
import { profileTargetSpec } from './api/profile-target.ts'
import {
  acceptedReasons,
  readyReasons,
  targetsFoundReasons,
  targetsHealthyReasons,
} from './api/profile-target-status.ts'
import { readProfileTarget } from './api/read-profile-target.ts'
import { type StructuralSchema, toStructuralSchema } from './api/structural-schema.ts'
import { acceptProfileTarget } from './targets/accept-profile-target.ts'
import { typeFields } from './targets/annotated-profiles.ts'
import { knownKeys } from './targets/check-keys.ts'
import { createInterners, decidePod } from './targets/decide-pod.ts'
import { dropCodes } from './targets/decision.ts'
import { limitReason } from './targets/fit-profiles.ts'
import { meshNames, remedyOf } from './targets/mesh.ts'
import { projectNamespace, type RawNamespace } from './targets/project-namespace.ts'
import { projectPod, type RawPod } from './targets/project-pod.ts'
import { defaultTargetSettings } from './targets/settings.ts'

const page = readFileSync(new URL('../docs/kubernetes.md', import.meta.url), 'utf8')

/** Cells of the rows below a heading, up to the next one. */
function rowsOf(heading: string): readonly (readonly string[])[] {
  const [, text = ''] = new RegExp(`^${heading}\n(.*?)(?=^#|\\Z)`, 'ms').exec(`${page}\n#`) ?? []
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
}

function firstNames(rows: readonly (readonly string[])[]): string[] {
  return rows.flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!))
}

interface Field {
  readonly path: string
  readonly schema: StructuralSchema
  readonly isRequired: boolean
}

/** Every field below, but for those of keys of Secrets and of a second name, which have a row elsewhere. */
function fieldsOf(schema: StructuralSchema, path: string): Field[] {
  const node = (schema['items'] ?? schema) as StructuralSchema
  const properties = (node['properties'] ?? {}) as Record<string, StructuralSchema>
  const prefix = path === '' ? '' : `${path}${schema['items'] === undefined ? '' : '[]'}.`
  return Object.entries(properties).flatMap(([name, below]) => {
    const own = `${prefix}${name}`
    const isRequired = ((node['required'] ?? []) as string[]).includes(name)
    const isElsewhere = isSecretKey(below) || name === 'tlsConfig'
    return [{ path: own, schema: below, isRequired }, ...(isElsewhere ? [] : fieldsOf(below, own))]
  })
}

function isSecretKey(schema: StructuralSchema): boolean {
  return Object.keys(schema['properties'] ?? {}).join() === 'name,key'
}

/** What bounds a value, and what bounds each in a list or a map. */
function boundsOf(schema: StructuralSchema): string[] {
  const own = ['minimum', 'maximum', 'minItems', 'maxItems', 'maxProperties', 'maxLength', 'enum']
  const bounds = own.flatMap((key) => (schema[key] === undefined ? [] : [schema[key]].flat().map(String)))
  const each = (schema['items'] ?? schema['additionalProperties']) as StructuralSchema | undefined
  const below = each === undefined || each['properties'] !== undefined ? [] : boundsOf(each)
  return [...bounds, ...below].filter((bound) => bound !== '0' || schema['minimum'] === 0)
}

t.test(
  'docs/kubernetes.md has a row for every field of a ProfileTarget, with its default and bounds',
  (t) => {
    const rows = rowsOf('## ProfileTarget')
    const fields = fieldsOf(toStructuralSchema(profileTargetSpec), '')
    t.ok(fields.length > 50)
    const named = new Set(fields.map(({ path }) => path))
    t.same(
      rows.map(([, cell = '']) => cell.replaceAll('`', '')).filter((path) => !named.has(path)),
      [],
      'no row is of a field that is none',
    )
    for (const { path, schema, isRequired } of fields) {
      if (path === 'endpoints[].tlsConfig') {
        t.match(page, '`endpoints[].tlsConfig` is the same')
        continue
      }
      const row = rows.find(([, cell]) => cell === `\`${path}\``)
      t.ok(row, `row of ${path}`)
      const [, , given = '', values = ''] = row ?? []
      if (isRequired) t.equal(given, 'required', path)
      else if (schema['default'] !== undefined && schema['default'] !== '') {
        t.equal(given, `\`${schema['default']}\``, `default of ${path}`)
      } else t.not(given, 'required', path)
      const told = new Set(values.match(/\w+/g))
      t.same(
        boundsOf(schema).filter((bound) => !told.has(bound)),
        [],
        `bounds of ${path}: ${values}`,
      )
      if (schema['type'] === 'boolean') t.equal(values, 'true, false', path)
      if (isSecretKey(schema)) t.match(values, '[key of a Secret](#credentials)', path)
    }
    const secret = rowsOf('### Credentials')
    t.same(firstNames(secret), ['name', 'key'])
    for (const [, , , values] of secret) t.match(values, '253 characters')
    t.end()
  },
)

t.test('durations of docs/kubernetes.md are those that are taken', (t) => {
  const isTaken = (endpoint: object) =>
    'spec' in checkProfileTarget({ selector: {}, endpoints: [{ port: 1, ...endpoint }] })
  const profiles = [{ type: 'cpu', enabled: false }]
  t.same(
    ['4999ms', '5s', '24h', '24h1ms'].map((interval) => isTaken({ interval, profiles })),
    [false, true, true, false],
  )
  t.same(
    ['99ms', '100ms', '5m', '5m1ms'].map((timeout) => isTaken({ timeout, interval: '1h' })),
    [false, true, true, false],
  )
  t.end()
})

t.test('docs/kubernetes.md has a row for every annotation, reason, code and type', (t) => {
  const annotations = [...knownKeys, ...typeFields.map((field) => `<type>.${field}`)]
  t.same(
    firstNames(rowsOf('## Annotations')),
    annotationsInOrder(annotations).map((key) => `conprof.io/${key}`),
  )
  t.same(firstNames(rowsOf('## Why is my pod not scraped\\?')), dropCodes)
  const reasons = rowsOf('## Status')
  const all = [...acceptedReasons, ...targetsFoundReasons, ...readyReasons, ...targetsHealthyReasons]
  t.same(firstNames(reasons).sort(), [...all].sort())
  t.same(firstNames(rowsOf('## Events')), [
    'InvalidProfileAnnotation',
    'NoProfilePort',
    'ProfileTargetConflict',
    limitReason,
    'ProfileScrapeMeshBlocked',
  ])
  const types = rowsOf('### Profile types')
  for (const [type, { enabled, path, seconds }] of Object.entries(knownTypes)) {
    const [, , scraped, where, takes] = types.find(([, cell = '']) => cell.startsWith(`\`${type}\``)) ?? []
    t.equal(scraped?.startsWith('yes'), enabled, type)
    t.equal(where, `\`${path}\``)
    t.equal(takes, String(seconds ?? ''))
  }
  const labels = firstNames(rowsOf('## Labels of the profiles'))
  t.same(
    protectedLabels.filter((label) => !label.startsWith('__') && !labels.includes(label)),
    [],
  )
  const pod = podWith({})
  for (const mesh of meshNames) {
    const [, , remedy] = rowsOf('## Sidecars and meshes').find(([, cell]) => cell === `\`${mesh}\``) ?? []
    t.equal(remedy, remedyOf(pod, mesh, 6060)?.remedy)
  }
  t.end()
})

t.test('every example of docs/kubernetes.md does what it says', (t) => {
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)]
  t.ok(examples.length >= 9, `${examples.length} examples`)
  for (const { 1: text = '', index } of examples) {
    const line = page.slice(0, index).split('\n').length
    for (const document of parseAllDocuments(text)) {
      const example = document.toJS() as { kind?: string; metadata: NonNullable<RawPod['metadata']> }
      if (example.kind === 'ProfileTarget') {
        const view = readProfileTarget({
          ...example,
          metadata: { ...example.metadata, uid: 'f0e1d2c3', generation: 1 },
        })!
        t.same(view.problems, [], `line ${line}`)
        t.ok(acceptProfileTarget(view, defaultTargetSettings).accepted, `line ${line}`)
        continue
      }
      const isNamespace = example.kind === 'Namespace'
      const decision = decidePod(podWith(isNamespace ? {} : example.metadata), {
        namespace: isNamespace ? projectNamespace(example as RawNamespace) : undefined,
        profileTargets: [],
        settings: { ...defaultTargetSettings, annotationCompat: 'grafana' },
        interners: createInterners(),
      })
      t.ok(decision.targets.length > 0, `line ${line}`)
      t.same([decision.drops, decision.problems], [[], []], `line ${line}`)
    }
  }
  t.end()
})

/** As the page has them: what is about one type comes last. */
function annotationsInOrder(keys: readonly string[]): string[] {
  const rows = firstNames(rowsOf('## Annotations'))
  return keys.toSorted((a, b) => rows.indexOf(`conprof.io/${a}`) - rows.indexOf(`conprof.io/${b}`))
}

function podWith(metadata: NonNullable<RawPod['metadata']>) {
  return projectPod({
    metadata: {
      ...metadata,
      name: 'cart-0',
      namespace: 'shop',
      uid: 'f0e1d2c3',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      nodeName: 'node-1',
      containers: [
        {
          name: 'cart',
          image: 'registry.example.com/cart:1.2.3',
          ports: [
            { name: 'http', containerPort: 8080 },
            { name: 'pprof', containerPort: 6060 },
          ],
        },
      ],
    },
    status: { phase: 'Running', podIP: '10.0.0.9' },
  })!
}
