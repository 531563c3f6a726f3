import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import type { Answer, ProfilesAnswer } from '../../query/api/types.ts'
import { startConprof } from '../support/conprof.ts'
import { corpusProfile } from '../support/corpus-profile.ts'
import { startPprofTargets } from '../support/pprof-targets.ts'
import { until } from '../support/until.ts'

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

interface DescribedOperation {
  readonly parameters?: readonly {
    readonly in: 'query' | 'path'
    readonly name: string
    readonly required?: boolean
    readonly schema: { readonly type?: string; readonly enum?: readonly string[] }
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> }
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: unknown }>> }>
  >
}

interface Request {
  readonly method: string
  readonly path: string
  readonly query?: readonly (readonly [string, string])[]
}

const heap = '{profile_type="heap"}'
const cpu = '{profile_type="cpu"}'
const dir = t.testdir({ data: {} })
const targets = await startPprofTargets(3)
t.teardown(() => targets.close())
const configPath = join(dir, 'conprof.yaml')
const addresses = targets.ips.map((ip) => `'${ip}:${targets.port}'`)
writeFileSync(
  configPath,
  `
global: {scrape_interval: 6s, scrape_timeout: 6s}
scrape_configs:
  - job_name: shop
    static_configs: [{targets: [${addresses.join(', ')}]}]
    profiling_config: {pprof_config: {cpu: {seconds: 1}}}
`,
)
const conprof = await startConprof([
  `--config.file=${configPath}`,
  `--storage.path=${join(dir, 'data')}`,
  '--web.enable-admin-api',
])
t.teardown(() => conprof.stop())

const document = (await (await fetch(`${conprof.url}/api/v1/openapi.json`)).json()) as Described

/** Of what the document says about one content type of one status. */
function schemaOf(schema: unknown): z.ZodType {
  const inDefs = JSON.stringify({ ...(schema as object), $defs: document.components.schemas })
  return z.fromJSONSchema(JSON.parse(inDefs.replaceAll('#/components/schemas/', '#/$defs/')))
}

const stored = await until(
  'profiles of two types',
  async () => {
    const asked = new URLSearchParams({ query: '{profile_type=~"heap|cpu"}', limit: '10000' })
    const answer = (await (
      await fetch(`${conprof.url}/api/v1/profiles?${asked}`)
    ).json()) as Answer<ProfilesAnswer>
    const found = answer.status === 'success' ? answer.data.profiles.filter(({ hasBody }) => hasBody) : []
    const of = (type: string) => found.filter(({ labels }) => labels['profile_type'] === type)
    return of('heap').length >= 6 && of('cpu').length >= 3 && of('heap')
  },
  90_000,
)

/** A value that is right for each parameter, where the document does not list them. */
const values: Readonly<Record<string, string>> = {
  query: heap,
  'match[]': heap,
  start: 'now-1h',
  end: 'now',
  at: 'now',
  step: '30s',
  limit: '5',
  cursor: stored.at(-1)!.id,
  type: 'inuse_space',
  si: '0',
  by: 'job',
  columns: '10',
  rows: '5',
  base_id: stored[1]!.id,
  base_query: heap,
  base_start: 'now-1h',
  base_end: 'now',
  nf: '0.01',
  nodefraction: '0.01',
  ef: '0.01',
  edgefraction: '0.01',
  n: '10',
  nodecount: '10',
  max_nodes: '10',
  path: '0000000000000000',
}
const regexes =
  'f focus i ignore h hide s show sf show_from prunefrom prune_from tf tagfocus ti tagignore ts tagshow th taghide peek list'

/** What else is to be said with a parameter, or with one value of it, so that it means something. */
const together: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'get /profile id': [['query', '']],
  'get /profile base_start': [['base_query', heap]],
  'get /profile base_end': [['base_query', heap]],
  'post /profile base_start': [['base_query', heap]],
  'post /profile base_end': [['base_query', heap]],
  'post /profile id': [['side', 'base']],
  'post /profile query': [['side', 'base']],
  'post /profile start': [
    ['side', 'base'],
    ['query', heap],
  ],
  'post /profile end': [
    ['side', 'base'],
    ['query', heap],
  ],
  'post /profile side=base': [['query', heap]],
}

/** What has no answer here, and how it says so. */
const refused: Readonly<Record<string, number>> = {
  'get /blocks/pending/{key}': 404,
  // Of a file in the body.
  'get /profile side=base': 400,
}

const bodies: Readonly<Record<string, unknown>> = {
  'post /pins': { name: 'incident', match: heap, start: 'now-1h', end: 'now' },
  'post /capture': { query: '{profile_type="heap"}', count: 1, pods: 1 },
  'post /collector/captures': {
    ...{ id: '20261129T000000Z-00000000', startedMs: 0, seconds: 1, count: 1, leftOut: 0, takes: [] },
  },
}

async function ask({ method, path, query = [] }: Request): Promise<Response> {
  const url = `${conprof.url}/api/v1${path}?${new URLSearchParams(query.map(([name, value]) => [name, value]))}`
  const body = bodies[`${method} ${path}`]
  if (method === 'post' && body === undefined)
    return fetch(url, { method: 'POST', body: new Uint8Array(corpusProfile('heap')) })
  return fetch(url, {
    method: method.toUpperCase(),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  })
}

/** Throws what of an answer is not as the document says. */
async function check(operation: DescribedOperation, response: Response): Promise<unknown> {
  const described = operation.responses[String(response.status)]
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const content = described?.content[type]
  if (content === undefined) {
    throw new Error(
      `${response.status} ${type}: not in the document: ${(await response.text()).slice(0, 300)}`,
    )
  }
  if (type !== 'application/json') return response.arrayBuffer()
  const answer = (await response.json()) as unknown
  const result = schemaOf(content.schema).safeParse(answer)
  if (!result.success) throw new Error(`${result.error}: ${JSON.stringify(answer).slice(0, 1000)}`)
  return answer
}

/** Of one that takes a minute. */
async function beginCapture(): Promise<string> {
  const response = await fetch(`${conprof.url}/api/v1/capture`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: cpu, seconds: 1, count: 60, pods: 1 }),
  })
  return ((await response.json()) as { data: { id: string } }).data.id
}

/** Fills in what is asked for in the path. */
function pathOf(path: string, captureId: string): string {
  return path
    .replace('{name}', path.startsWith('/label/') ? 'job' : 'incident')
    .replace('{id}', captureId)
    .replace('{key}', '2026-11-29/none.block')
}

t.test('every route answers as the document says', async (t) => {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  )
  t.ok(operations.length > 30)
  // What takes away comes last.
  operations.sort((a, b) => Number(a.method === 'delete') - Number(b.method === 'delete'))
  operations.sort((a, b) => Number(b.method === 'post') - Number(a.method === 'post'))
  let captureId = ''
  for (const { path, method, operation } of operations) {
    const name = `${method} ${path}`
    await t.test(name, async (t) => {
      const parameters = (operation.parameters ?? []).filter((each) => each.in === 'query')
      const required = parameters.filter((each) => each.required === true).map((each) => each.name)
      const isProfile = path === '/profile'
      const base = [
        ...required.map((each) => [each, path === '/pgo' ? cpu : values[each]!] as const),
        ...(isProfile && method === 'get' ? [['query', heap] as const] : []),
      ]
      // That of before has ended.
      if (name === 'delete /capture/{id}') captureId = await beginCapture()
      const request = { method, path: pathOf(path, captureId), query: base }
      const response = await ask(request)
      t.equal(response.status, refused[name] ?? 200)
      const answer = await check(operation, response)
      if (name === 'post /capture') captureId = (answer as { data: { id: string } }).data.id

      for (const { name: parameter, schema } of parameters) {
        const own =
          parameter === 'id'
            ? [stored[0]!.id]
            : regexes.split(' ').includes(parameter)
              ? ['.']
              : required.includes(parameter)
                ? []
                : (schema.enum ?? [values[parameter] ?? 'true'])
        for (const value of own) {
          const more = together[`${name} ${parameter}=${value}`] ?? together[`${name} ${parameter}`] ?? []
          const query = new Map([...base, ...more, [parameter, value] as const])
          if (query.get('query') === '') query.delete('query')
          const accepted = await ask({ ...request, query: [...query] })
          t.equal(accepted.status, refused[`${name} ${parameter}=${value}`] ?? 200, `${parameter}=${value}`)
          await check(operation, accepted)
        }
      }

      const unknown = await ask({ ...request, query: [...base, ['unheard_of', '1']] })
      t.equal(unknown.status, 400)
      t.match(await unknown.text(), /parameter \\?"unheard_of\\?": unknown, want /)
    })
  }
})

t.test('views of comparisons are in the document too', async (t) => {
  const operation = document.paths['/profile']!['get']!
  const formats = operation.parameters!.find(({ name }) => name === 'format')!.schema.enum!
  for (const format of formats) {
    const query = [
      ['query', heap],
      ['base_query', heap],
      ['base_start', 'now-1h'],
      ['base_end', 'now'],
      ['format', format],
      ['max_nodes', '20'],
      ['peek', '.'],
      ['list', '.'],
    ] as const
    const response = await ask({ method: 'get', path: '/profile', query })
    t.equal(response.status, 200, format)
    await check(operation, response)
  }
})

t.test('what the document does not have is not there', async (t) => {
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['POST', '/labels'],
    ['DELETE', '/pins'],
    ['PUT', '/pins'],
  ] as const) {
    const response = await fetch(`${conprof.url}/api/v1${path}`, { method })
    t.equal(response.status, 404, `${method} ${path}`)
    t.match(await response.json(), { status: 'error', errorType: 'not_found' })
  }
})

t.test('pins are kept, and those of other sites are not', async (t) => {
  const post = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${conprof.url}/api/v1/pins`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const pin = { name: 'later', match: heap, start: 1000, end: '2026-11-29T00:00:00Z' }
  t.match(await (await post(pin)).json(), {
    data: { pins: [{ name: 'later', match: heap, start: 1000, end: Date.parse(pin.end) }] },
  })
  for (const [body, headers, status, error] of [
    [pin, {}, 400, /pin "later": there is one of that name/],
    [{ ...pin, name: 'No' }, {}, 400, /pin "No": want a name of small letters/],
    [{ ...pin, match: '{' }, {}, 400, /read selector/],
    [{ ...pin, start: 'soon' }, {}, 400, /time "soon": want unix seconds/],
    [{ ...pin, start: 'now' }, {}, 400, /range: start \d+ ms lies after end/],
    [{ name: 'x' }, {}, 400, /body, "match"/],
    [pin, { 'Content-Type': 'text/plain' }, 400, /want application\/json/],
    [pin, { Origin: 'http://evil.example' }, 403, /evil\.example/],
    [pin, { 'Sec-Fetch-Site': 'cross-site' }, 403, /another site/],
  ] as const) {
    const response = await post(body, headers)
    t.equal(response.status, status, String(error))
    t.match(await response.json(), { status: 'error', error })
  }
  const remove = () => fetch(`${conprof.url}/api/v1/pins/later`, { method: 'DELETE' })
  t.match(await (await remove()).json(), { data: { pins: [] } })
  t.equal((await remove()).status, 404)
})
