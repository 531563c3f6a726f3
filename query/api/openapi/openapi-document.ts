import { z } from 'zod'
import { createDocument, type ZodOpenApiObject, type ZodOpenApiOperationObject } from 'zod-openapi'
import { statusOf } from '../answer.ts'
import type { ErrorType } from '../types.ts'
import { type Operation, operations } from './operations.ts'
import { parameterAliases, parameterTexts } from './parameter-texts.ts'
import { errorAnswer } from './query-schemas.ts'

type Document = ReturnType<typeof createDocument>

/** OpenAPI 3.1 of `/api/v1`, from the schemas that read requests, and those that answers are tested against. */
export function openApiDocument({ version }: { readonly version: string }): Document {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const [route, operation] of Object.entries(operations)) {
    const [method, path] = route.split(' ') as [string, string]
    const shown = documentPath(path)
    paths[shown] ??= {}
    paths[shown][method] = operationOf(shown, operation)
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.1',
    info: {
      title: 'conprof',
      version,
      description:
        'Continuous profiling. Answers are envelopes as in Prometheus; warnings say what an answer lacks. Times in requests are unix seconds, RFC 3339 or now-1h, in answers unix milliseconds. Every int64 is a string. Unknown parameters are errors, but for seconds, which go tool pprof may add.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Beside this document, whatever is before it.
    servers: [{ url: '.' }],
    paths,
  }
  return createDocument(document)
}

/** From the router's syntax: `/label/:name/values` is `/label/{name}/values`. */
export function documentPath(path: string): string {
  return path.replaceAll(/\{\*(\w+)\}|:(\w+)/g, (_, wild, plain) => `{${wild ?? plain}}`)
}

function operationOf(path: string, operation: Operation): ZodOpenApiOperationObject {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  const { summary, group, body, form, alsoStatus } = operation
  const ok = { description: summary, content: contentOf(operation) }
  return {
    summary,
    tags: [group],
    requestParams: {
      query: described(operation.parameters),
      ...(names.length === 0
        ? {}
        : { path: described(z.object(Object.fromEntries(names.map((name) => [name, z.string()])))) }),
    },
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              [body.type]: { schema: body.schema },
              ...(form === undefined ? {} : { 'multipart/form-data': { schema: form } }),
            },
          },
        }),
    responses: {
      '200': ok,
      ...(alsoStatus === undefined ? {} : { [alsoStatus]: ok }),
      ...errorsOf(operation),
    },
  }
}

function contentOf({ data, bare = {} }: Operation) {
  const { 'application/json': bareJson, ...rest } = bare
  const schemas = [...(data === undefined ? [] : [envelopeOf(data)]), ...(bareJson ? [bareJson] : [])]
  const [first, second] = schemas
  return {
    ...(first === undefined
      ? {}
      : { 'application/json': { schema: second === undefined ? first : z.union([first, second]) } }),
    ...Object.fromEntries(Object.entries(rest).map(([type, schema]) => [type, { schema }])),
  }
}

function envelopeOf(data: z.ZodType): z.ZodType {
  return z.strictObject({
    status: z.literal('success'),
    data,
    warnings: z.array(z.string()).exactOptional().describe('What is missing from the answer.'),
  })
}

function errorsOf({ group, body, errors = [], hasTextErrors = false }: Operation) {
  const types = new Set<ErrorType>(['bad_data', 'canceled', 'timeout', 'unavailable', 'internal', ...errors])
  if (group === 'admin') types.add('forbidden')
  if (body !== undefined && hasTextErrors) types.add('too_large')
  const byStatus = Map.groupBy(types, (type) => statusOf[type])
  const content = {
    'application/json': { schema: errorAnswer },
    ...(hasTextErrors ? { 'text/plain': { schema: z.string() } } : {}),
  }
  return Object.fromEntries(
    [...byStatus].map(([status, own]) => [`${status}`, { description: own.join(', '), content }]),
  )
}

/** The same parameters, each with what it means. Throws for one that nobody has described. */
function described(parameters: z.ZodObject): z.ZodObject {
  const shape = Object.entries(parameters.shape as Record<string, z.ZodType>).map(([name, schema]) => {
    const alias = parameterAliases[name]
    const description = alias === undefined ? parameterTexts[name] : `The same as ${alias}.`
    if (description === undefined) throw new Error(`describe API: parameter "${name}" has no text`)
    return [name, schema.meta({ description: `${description}${fallbackOf(schema)}` })] as const
  })
  return z.object(Object.fromEntries(shape))
}

/** A schema of text cannot say the number that its absence stands for. */
function fallbackOf(schema: z.ZodType): string {
  const { data } = schema.safeParse(undefined)
  return typeof data === 'number' || typeof data === 'boolean' ? ` ${data} without it.` : ''
}
