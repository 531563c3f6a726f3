import { Registry } from 'prom-client'
import t from 'tap'
import { silentLogger } from '../../../lib/log.ts'
import { Catalog } from '../../catalog.ts'
import { createApi } from '../create-api.ts'
import { documentPath, openApiDocument } from './openapi-document.ts'
import { operations } from './operations.ts'
import { parameterAliases, parameterTexts } from './parameter-texts.ts'

const document = openApiDocument({ version: '1' })
const methods = ['get', 'post', 'delete'] as const

t.test('every route is in the document, and the other way round', async (t) => {
  const registry = new Registry()
  const log = silentLogger()
  const api = createApi({
    ...{ catalog: new Catalog({ log, registry }), flags: {}, log, registry },
    build: { version: '1', revision: '', nodeVersion: '' },
  })
  const routed = api.stack
    .filter(({ path }) => String(path).startsWith('/api/v1/') && !String(path).endsWith('/{*rest}'))
    .flatMap(({ path, methods: own }) =>
      own
        .filter((method) => method !== 'HEAD')
        .map((method) => `${method.toLowerCase()} ${documentPath(String(path).slice('/api/v1'.length))}`),
    )
  const documented = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.filter((method) => item[method] !== undefined).map((method) => `${method} ${path}`),
  )
  t.strictSame(documented.sort(), routed.sort())
  t.equal(new Set(routed).size, routed.length)
  t.equal(Object.keys(operations).length, routed.length)
})

t.test('documentPath() writes paths as OpenAPI does', async (t) => {
  t.equal(documentPath('/labels'), '/labels')
  t.equal(documentPath('/label/:name/values'), '/label/{name}/values')
  t.equal(documentPath('/blocks/pending/{*key}'), '/blocks/pending/{key}')
})

t.test('every text is of a parameter that there is', async (t) => {
  const names = new Set(
    Object.values(document.paths ?? {}).flatMap((item) =>
      methods.flatMap((method) =>
        (item[method]?.parameters ?? []).map((parameter) => ('name' in parameter ? parameter.name : '')),
      ),
    ),
  )
  const known = [...Object.keys(parameterTexts), ...Object.keys(parameterAliases)]
  t.strictSame(
    known.filter((name) => !names.has(name)),
    [],
  )
})

t.test('the document is one that generators of clients take', async (t) => {
  t.equal(document.openapi, '3.1.1')
  t.strictSame(document.servers, [{ url: '.' }])
  const texts = JSON.stringify(document)
  for (const [, name] of texts.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
    t.ok(document.components?.schemas?.[name!], `${name}`)
  for (const item of Object.values(document.paths ?? {})) {
    for (const method of methods) {
      const operation = item[method]
      if (operation === undefined) continue
      t.ok(operation.summary && operation.tags?.length === 1)
      t.match(Object.keys(operation.responses ?? {}), /./)
      t.ok('400' in operation.responses! && '500' in operation.responses!)
    }
  }
})
