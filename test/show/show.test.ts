import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { PeekAnswer, TableAnswer, TreeAnswer } from '../../query/api/view-types.ts'
import { corpusFiles } from '../../query/testdata/corpus-files.ts'
import { goToolPprof } from '../../query/testdata/go-tool-pprof.ts'
import { askApi } from '../support/ask-api.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { freePorts } from '../support/free-ports.ts'

const folder = mkdtempSync(join(tmpdir(), 'conprof-show-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const storage = join(folder, 'data')
const corpus = fileURLToPath(new URL('../testdata/corpus/', import.meta.url))

const imported = await runConprof([
  'import',
  `--storage.path=${storage}`,
  '--path-template={service_name}/{profile_type}/{timeMs}.pb.gz',
  corpus,
])
if (imported.code !== 0) throw new Error(imported.stderr)
const query = await startConprof([`--storage.path=${storage}`], 'query')
t.teardown(() => query.stop())

const files = corpusFiles('etcd', 'cpu')
const half = files.length / 2
const before = files.slice(0, half)
const after = files.slice(half)
const selector = '{service_name="etcd", profile_type="cpu"}'
const seconds = (index: number) => String(files.at(index)!.timeMs / 1000)
const range = { query: selector, start: seconds(half), end: seconds(-1) }
const base = { base_query: selector, base_start: seconds(0), base_end: seconds(half - 1) }
const rangeFlags = [`--start=${range.start}`, `--end=${range.end}`]
const baseFlags = [`--base-start=${base.base_start}`, `--base-end=${base.base_end}`]
const urlOf = (parameters: Readonly<Record<string, string>>) =>
  `${query.url}/api/v1/profile?${new URLSearchParams(parameters)}`

/** `<flat> <cum> <name>` of every line of `-top`, in nanoseconds. */
async function goTop(t: Test, args: readonly string[]): Promise<string[]> {
  const all = ['-top', '-nodecount=100000', '-nodefraction=0', '-unit=ns', '-sample_index=cpu']
  const text = await goToolPprof(t, [...all, ...args])
  return rowsOf(text ?? '')
}

function rowsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*(-?\d+)(?:ns)?\s+\S+\s+\S+\s+(-?\d+)(?:ns)?\s+\S+\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, flat, cum, name]) => `${flat} ${cum} ${name!.replace(/ \((?:partial-)?inline\)$/, '')}`)
    .filter((row) => !row.startsWith('0 0 '))
    .sort()
}

function rowsOfAnswer({ functions }: TableAnswer): string[] {
  return functions
    .map(({ name, flat, cum, baseFlat = '0', baseCum = '0' }) => ({
      name,
      flat: Number(flat) - Number(baseFlat),
      cum: Number(cum) - Number(baseCum),
    }))
    .filter(({ flat, cum }) => flat !== 0 || cum !== 0)
    .map(({ name, flat, cum }) => `${flat} ${cum} ${name}`)
    .sort()
}

const filters: readonly (readonly [
  parameters: Readonly<Record<string, string>>,
  flags: readonly string[],
])[] = [
  [{}, []],
  [{ f: 'compress' }, ['-focus=compress']],
  [{ i: 'runtime' }, ['-ignore=runtime']],
  [{ h: '^runtime\\.' }, ['-hide=^runtime\\.']],
  [{ s: 'etcd|grpc' }, ['-show=etcd|grpc']],
  [{ sf: 'net/http' }, ['-show_from=net/http']],
  [{ f: 'http', i: 'compress', h: 'bufio' }, ['-focus=http', '-ignore=compress', '-hide=bufio']],
]

t.test('filters give the same figures in a view, in a download, and to go tool pprof', async (t) => {
  for (const [parameters, flags] of filters) {
    const name = JSON.stringify(parameters)
    const want = await goTop(t, [...flags, ...after.map(({ path }) => path)])
    if (want.length === 0) return
    const { data } = await askApi<TableAnswer>(query.url, 'profile', {
      ...range,
      ...parameters,
      format: 'top',
    })
    t.strictSame(rowsOfAnswer(data), want, `top ${name}`)
    t.strictSame(await goTop(t, [urlOf({ ...range, ...parameters })]), want, `download ${name}`)
    t.strictSame(await goTop(t, [...flags, urlOf(range)]), want, `filtered by pprof ${name}`)
  }
})

t.test('comparisons give the same figures too', async (t) => {
  const basePath = join(folder, 'base.pb.gz')
  const made = await goToolPprof(t, ['-proto', `-output=${basePath}`, ...before.map(({ path }) => path)])
  if (made === undefined) return
  for (const [parameters, flags] of [...filters, [{ norm: '1' }, ['-normalize']] as const]) {
    const name = JSON.stringify(parameters)
    const want = await goTop(t, [`-diff_base=${basePath}`, ...flags, ...after.map(({ path }) => path)])
    t.ok(want.length > 5, name)
    const asked = { ...range, ...base, ...parameters }
    t.strictSame(await goTop(t, [urlOf(asked)]), want, `download ${name}`)
    const { data } = await askApi<TableAnswer>(query.url, 'profile', { ...asked, format: 'top' })
    t.strictSame(rowsOfAnswer(data), want, `top ${name}`)
    t.equal(data.base?.profiles, before.length)
  }
})

t.test('every format answers, with a base and without', async (t) => {
  for (const parameters of [range, { ...range, ...base }]) {
    const tree = await askApi<TreeAnswer>(query.url, 'profile', { ...parameters, format: 'flamegraph' })
    t.equal(tree.data.baseTotal !== undefined, 'base_query' in parameters)
    const few = await askApi<TreeAnswer>(query.url, 'profile', {
      ...parameters,
      format: 'flamegraph',
      max_nodes: '50',
    })
    const rest = few.data.rest ?? []
    t.ok(rest.length > 0)
    // A rest of one node is shown as that node.
    t.ok(few.data.depth.length < 100 && few.data.depth.length < tree.data.depth.length / 2)
    const opened = await askApi<TreeAnswer>(query.url, 'profile', {
      ...parameters,
      format: 'flamegraph',
      path: rest[0]!.path,
    })
    t.ok(opened.data.depth.length > rest[0]!.nodes)
    const peek = await askApi<PeekAnswer>(query.url, 'profile', {
      ...parameters,
      format: 'peek',
      peek: 'mallocgc$',
    })
    t.match(peek.data.nodes, [{ name: 'runtime.mallocgc' }])
    for (const format of ['source', 'tags'])
      t.ok((await askApi<object>(query.url, 'profile', { ...parameters, format, list: 'mallocgc' })).data)
    const texts: [format: string, type: string, begins: RegExp][] = [
      ['dot', 'text/vnd.graphviz; charset=utf-8', /^digraph /],
      ['traces', 'text/plain; charset=utf-8', /^Type: cpu|^-----/m],
      ['collapsed', 'text/plain; charset=utf-8', /^[^ ].* \d+\n/],
      ['speedscope', 'application/json; charset=utf-8', /^\{"\$schema":"https:\/\/www\.speedscope\.app/],
    ]
    for (const [format, type, begins] of texts) {
      const response = await fetch(urlOf({ ...parameters, format }))
      t.equal(response.status, 200, format)
      t.equal(response.headers.get('content-type'), type, format)
      t.match(await response.text(), begins, format)
    }
  }
  const wrong = await fetch(urlOf({ ...range, format: 'flamegraph', path: '0123456789abcdef' }))
  t.equal(wrong.status, 400)
  t.match(await wrong.json(), { error: /^parameter "path": / })
})

t.test('the command line prints the same of a server, of a bucket and of files', async (t) => {
  const show = async (...args: string[]) => {
    const { code, stdout, stderr } = await runConprof(['show', ...args])
    t.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const views = [
    ['top', '--nodecount=0', '--focus=compress'],
    ['top', '--granularity=lines', '--sort=cum'],
    ['diff', ...baseFlags],
    ['flamegraph', '--nodefraction=0.02'],
    ['tree', '--nodecount=10', ...baseFlags],
    ['peek', 'mallocgc$'],
    ['source', 'findMatch'],
    ['traces', '--hide=runtime'],
    ['speedscope'],
    ['tags'],
  ]
  for (const view of views) {
    const ofServer = await show(...view, `--url=${query.url}/`, ...rangeFlags, selector)
    const ofBucket = await show(...view, `--storage.path=${storage}`, ...rangeFlags, selector)
    t.equal(ofBucket, ofServer, view.join(' '))
    t.ok(ofServer.length > 50, view.join(' '))
  }

  const file = files.at(-1)!.path
  const id = (
    await askApi<{ readonly profiles: readonly { readonly id: string }[] }>(query.url, 'profiles', {
      ...range,
      start: range.end,
    })
  ).data.profiles[0]!.id
  for (const view of [['top'], ['flamegraph'], ['collapsed'], ['peek', 'syscall']]) {
    const ofFile = await show(...view, `--file=${file}`)
    const ofId = await show(...view, `--url=${query.url}`, `--id=${id}`)
    // The head tells when it was taken: on its own clock, or when it was scraped.
    t.equal(withoutHead(ofFile), withoutHead(ofId), view.join(' '))
  }

  const other = files[0]!.path
  const local = await show('diff', `--file=${file}`, `--base-file=${other}`)
  const posted = await show('diff', `--url=${query.url}`, `--id=${id}`, `--base-file=${other}`)
  t.equal(withoutHead(posted), withoutHead(local))
  t.match(local, / {6}base {4}profile {6}change {3}change%\n/)

  const path = join(folder, 'filtered.pb.gz')
  await show('pprof', `--url=${query.url}`, ...rangeFlags, '--focus=compress', '-o', path, selector)
  t.strictSame(await goTop(t, [path]), await goTop(t, ['-focus=compress', ...after.map((each) => each.path)]))
  const json = JSON.parse(await show('top', '--json', `--url=${query.url}`, ...rangeFlags, selector))
  t.match(json, { type: 'cpu', granularity: 'functions' })
})

function withoutHead(text: string): string {
  return text.replaceAll(/^(?:cpu|base): .*\n/gm, '')
}

t.test('lines of a checkout stand beside their figures', async (t) => {
  const checkout = mkdtempSync(join(folder, 'checkout-'))
  const lines = Array.from({ length: 400 }, (_, i) => `\tline ${i + 1} of the file`)
  mkdirSync(join(checkout, 'compress/flate'), { recursive: true })
  writeFileSync(join(checkout, 'compress/flate/deflate.go'), lines.join('\n'))
  const { code, stdout, stderr } = await runConprof([
    'show',
    'source',
    'findMatch',
    `--source-path=${checkout}`,
    `--url=${query.url}`,
    ...rangeFlags,
    selector,
  ])
  t.equal(code, 0, stderr)
  t.match(
    stdout,
    /^ROUTINE =+ compress\/flate\.\(\*compressor\)\.findMatch in compress\/flate\/deflate\.go\n/m,
  )
  const [, flat, , line, text] = /^ +(\d+ms) +(\S+) +(\d+): +(line \d+ of the file)$/m.exec(stdout) ?? []
  t.ok(flat !== undefined)
  t.equal(text, `line ${line} of the file`)
})

t.test('what goes wrong is one line', async (t) => {
  const nothing = join(folder, 'nothing')
  const text = join(folder, 'text.pb.gz')
  writeFileSync(text, readFileSync(new URL('../../package.json', import.meta.url)))
  const [closed] = await freePorts(1)
  const cases: [args: string[], stderr: RegExp][] = [
    [['top'], /^conprof: show top: want a selector such as '\{.*\}', --id or --file: none is given\n$/],
    [['top', '{a=b}'], /^error: .*read selector: unexpected b at 3/],
    [
      ['top', `--url=http://127.0.0.1:${closed}`, selector],
      /^conprof: ask http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED .*--file\n$/,
    ],
    [
      ['top', `--url=${query.url}`, '--focus=(', ...rangeFlags, selector],
      /parameter "focus": regular expression "\("/,
    ],
    [
      ['top', `--url=${query.url}`, ...rangeFlags, '{}'],
      /query selects 6 profile types, which do not add up: /,
    ],
    [['top', `--url=${query.url}/ui`, selector], /^conprof: ask http:\/\/.*\n$/],
    [
      ['top', `--storage.path=${nothing}`, selector],
      /^conprof: open bucket ".*nothing\/bucket": ENOENT; want /,
    ],
    [['top', `--file=${nothing}`], /^conprof: read ".*nothing": ENOENT\n$/],
    [['top', `--file=${text}`], /^conprof: read ".*text\.pb\.gz": not a pprof profile: byte \d+: .*\n$/],
    [
      ['diff', `--file=${files[0]!.path}`],
      /^conprof: show diff: want --base, --base-id or --base-file to compare with\n$/,
    ],
    [['top', '--at=now', '--start=now-1h', selector], /^conprof: show: want --at, or --start and --end\n$/],
    [['peek'], /missing required argument 'regex'/],
  ]
  for (const [args, stderr] of cases) {
    const result = await runConprof(['show', ...args])
    t.equal(result.code, 1, args.join(' '))
    t.match(result.stderr, stderr, args.join(' '))
    t.equal(result.stdout, '', args.join(' '))
  }
})
