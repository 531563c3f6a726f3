import { z } from 'zod'

/** What a CRD may hold of OpenAPI: every node has a type, and there are no references. */
export type StructuralSchema = { [key: string]: unknown }

/**
 * A zod schema as the API server wants it. Objects that refuse unknown fields come out as those that drop them: there
 * is no other kind in a CRD, and strict validation refuses them nevertheless. Throws a TypeError about what cannot be
 * said in a CRD, such as a union.
 */
export function toStructuralSchema(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { io: 'input', reused: 'inline', target: 'openapi-3.0' }), [])
}

function structural(node: unknown, path: readonly string[]): StructuralSchema {
  const where = path.join('.') || 'the schema'
  if (typeof node !== 'object' || node === null) throw new TypeError(`${where}: no schema`)
  const given = node as StructuralSchema
  const isIntOrString = given['x-kubernetes-int-or-string'] === true
  const type = given['type']
  if (!isIntOrString && (typeof type !== 'string' || given['anyOf'] !== undefined)) {
    throw new TypeError(`${where}: a CRD has one type for each field`)
  }
  const kept: StructuralSchema = {}
  for (const key of keptKeys) if (given[key] !== undefined) kept[key] = given[key]
  // Without `anyOf` beside it, which would only make three messages of one.
  if (isIntOrString) return kept
  if (type === 'integer') {
    kept['format'] = 'int64'
    if (kept['minimum'] === Number.MIN_SAFE_INTEGER) delete kept['minimum']
    if (kept['maximum'] === Number.MAX_SAFE_INTEGER) delete kept['maximum']
  }
  if (type === 'array') {
    kept['x-kubernetes-list-type'] ??= 'atomic'
    kept['items'] = structural(given['items'], [...path, '[]'])
  }
  const properties = given['properties']
  if (properties !== undefined) {
    const entries = Object.entries(properties as Record<string, unknown>)
    kept['properties'] = Object.fromEntries(
      entries.map(([name, value]) => [name, structural(value, [...path, name])]),
    )
  } else if (type === 'object') {
    kept['additionalProperties'] = structural(given['additionalProperties'], [...path, '*'])
  }
  return kept
}

/** In the order in which they are written; what else zod says has no place in a CRD. */
const keptKeys = [
  'description',
  'type',
  'format',
  'default',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'x-kubernetes-int-or-string',
  'x-kubernetes-map-type',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]
