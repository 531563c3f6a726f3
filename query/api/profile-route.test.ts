import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { profileId } from '../../profile/labels.ts'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import { type CorpusFile, corpusFiles } from '../testdata/corpus-files.ts'
import { goToolPprof } from '../testdata/go-tool-pprof.ts'
import { labelsOf, type StoredFile, startProfileApi } from '../testdata/profile-api.ts'
import { maxSentBytes } from './read-pprof-body.ts'
import type { TableAnswer } from './view-types.ts'

const heaps = corpusFiles('etcd', 'heap')
const cpus = corpusFiles('etcd', 'cpu')
const half = Math.ceil(heaps.length / 2)
/** Pod a has the older half, pod b the newer one. */
const before = heaps.slice(0, half)
const after = heaps.slice(half)
const stored: readonly StoredFile[] = [
  ...before.map((file) => ({ pod: 'a', file })),
  ...after.map((file) => ({ pod: 'b', file })),
  ...cpus.map((file, i) => ({ pod: i % 2 === 0 ? 'a' : 'b', file })),
]

const times = stored.map(({ file }) => file.timeMs)
const range = `start=${Math.min(...times) / 1000}&end=${Math.max(...times) / 1000}`
const podB = `query=${encodeURIComponent('{profile_type="heap",pod="b"}')}&${range}`
const baseA = `base_query=${encodeURIComponent('{profile_type="heap",pod="a"}')}`
/** `t.testdir()` is emptied by each run of `go tool pprof`. */
const folder = mkdtempSync(join(tmpdir(), 'conprof-profile-route-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const idOf = (each: StoredFile) => profileId(each.file.timeMs, labelsOf(each))

/** Lines of a table of `go tool pprof -top`, as it prints them. */
async function goTop(t: Test, args: readonly string[]): Promise<string[] | undefined> {
  const text = await goToolPprof(t, [
    '-top',
    '-nodecount=100000',
    '-nodefraction=0',
    '-unit=B',
    '-sample_index=inuse_space',
    ...args,
  ])
  return text
    ?.split('\n')
    .filter((line) => /^\s*-?[\d.]+/.test(line))
    .sort()
}

const paths = (files: readonly CorpusFile[]) => files.map(({ path }) => path)
/** A base is one file. */
async function merged(t: Test, files: readonly CorpusFile[]): Promise<string | undefined> {
  const path = join(folder, 'base.pb.gz')
  const made = await goToolPprof(t, ['-proto', `-output=${path}`, ...paths(files)])
  return made === undefined ? undefined : path
}

for (const workers of [0, 1]) {
  t.test(`a comparison as pprof is what -diff_base shows, with ${workers} workers`, async (t) => {
    const { url } = await startProfileApi(t, stored, { workers })
    const basePath = await merged(t, before)
    if (basePath === undefined) return
    const want = await goTop(t, [`-diff_base=${basePath}`, ...paths(after)])
    const got = await goTop(t, [`${url}/profile?${podB}&${baseA}`])
    t.ok(want!.length > 50)
    t.strictSame(got, want)
    const response = await fetch(`${url}/profile?${podB}&${baseA}`)
    t.equal(response.headers.get('x-conprof-warnings'), null)
    const tags = await goToolPprof(t, ['-tags', `${url}/profile?${podB}&${baseA}`])
    t.match(tags, /pprof::base: Total/)
  })

  t.test(`a comparison of two profiles, with ${workers} workers`, async (t) => {
    const { url } = await startProfileApi(t, stored, { workers })
    const [old, young] = [stored[0]!, stored.find(({ pod }) => pod === 'b')!]
    const want = await goTop(t, [`-diff_base=${old.file.path}`, young.file.path])
    if (want === undefined) return
    const query = `id=${idOf(young)}&base_id=${idOf(old)}`
    t.strictSame(await goTop(t, [`${url}/profile?${query}`]), want)
  })
}

t.test('a side without profiles is a warning, two are none found', async (t) => {
  const { url } = await startProfileApi(t, stored)
  const none = encodeURIComponent('{profile_type="heap",pod="c"}')
  const noBase = await fetch(`${url}/profile?${podB}&format=top&base_query=${none}`)
  t.equal(noBase.status, 200)
  const answer = (await noBase.json()) as { readonly data: TableAnswer; readonly warnings: string[] }
  t.match(answer.warnings, [/^the base is empty: no profile matches \{profile_type="heap", pod="c"\} from /])
  const alone = (await (await fetch(`${url}/profile?${podB}&format=top`)).json()) as {
    readonly data: TableAnswer
  }
  t.equal(answer.data.total, alone.data.total)
  t.not(answer.data.total, '0')
  const noProfile = await fetch(`${url}/profile?query=${none}&${range}&format=top&${baseA}`)
  t.equal(noProfile.status, 200)
  t.match(await noProfile.json(), {
    data: { total: '0' },
    warnings: [/^the profile is empty, only its base is shown: no profile matches /],
  })
  const neither = await fetch(`${url}/profile?query=${none}&${range}&format=top&base_query=${none}`)
  t.equal(neither.status, 404)
})

t.test('a posted file is viewed and compared as one that is stored, and nothing is stored', async (t) => {
  const { url } = await startProfileApi(t, stored)
  const post = (query: string, body: Uint8Array) =>
    fetch(`${url}/profile?${query}`, { method: 'POST', body: Buffer.from(body) })
  const file = heaps.at(-1)!
  const other = heaps[0]!
  const ofStored = `id=${idOf(stored.find((each) => each.file === file)!)}`
  const want = await (await fetch(`${url}/profile?${ofStored}&format=top`)).json()
  for (const body of [file.body, gunzipSync(file.body)]) {
    const response = await post('format=top', body)
    t.equal(response.status, 200)
    const { data } = (await response.json()) as { readonly data: TableAnswer }
    t.strictSame(data.functions, want.data.functions)
  }
  const otherId = idOf(stored.find((each) => each.file === other)!)
  const expected = await goTop(t, [`-diff_base=${other.path}`, file.path])
  if (expected !== undefined) {
    for (const [name, query, body] of [
      ['against what is stored', `base_id=${otherId}`, file.body],
      ['as the base', `${ofStored}&side=base`, other.body],
    ] as const) {
      const response = await post(query, body)
      t.equal(response.status, 200, name)
      const path = join(folder, 'diff.pb.gz')
      writeFileSync(path, Buffer.from(await response.arrayBuffer()))
      t.strictSame(await goTop(t, [path]), expected, name)
    }
  }
  const listed = await (await fetch(`${url}/profiles?query=&${range}&limit=1000`)).json()
  t.equal(listed.data.profiles.length, stored.length)
})

t.test('two posted files are compared with each other', async (t) => {
  const { url } = await startProfileApi(t, stored)
  const [before, after] = [heaps[0]!, heaps.at(-1)!]
  const post = (query: string, parts: readonly (readonly [name: string, part: string | Uint8Array])[]) => {
    const body = new FormData()
    for (const [name, part] of parts)
      body.append(name, typeof part === 'string' ? part : new Blob([Buffer.from(part)]))
    return fetch(`${url}/profile?${query}`, { method: 'POST', body })
  }
  const [profile, base] = [['profile', after.body] as const, ['base', gunzipSync(before.body)] as const]
  const expected = await goTop(t, [`-diff_base=${before.path}`, after.path])
  if (expected !== undefined) {
    const response = await post('', [base, profile])
    t.equal(response.status, 200)
    const path = join(folder, 'posted-diff.pb.gz')
    writeFileSync(path, Buffer.from(await response.arrayBuffer()))
    t.strictSame(await goTop(t, [path]), expected)
  }
  const both = await (await post('format=top', [profile, base])).json()
  const ids = [before, after].map((file) => idOf(stored.find((each) => each.file === file)!))
  const want = await (await fetch(`${url}/profile?format=top&id=${ids[1]}&base_id=${ids[0]}`)).json()
  t.strictSame(both.data.functions, want.data.functions)
  const alone = await (await post('format=top', [['profile', after.body]])).json()
  t.equal(alone.data.base, undefined)
  const stillStored = await (await post(`format=top&id=${ids[1]}`, [base])).json()
  t.strictSame(stillStored.data.functions, want.data.functions)

  for (const [query, parts, status, message] of [
    ['', [['other', after.body]], 400, 'read form: part "other": want profile and base'],
    ['', [profile, profile], 400, 'read form: part "profile": it is there twice'],
    ['', [['profile', 'text']], 400, 'read form: part "profile": text, want a file'],
    ['', [], 400, 'read form: '],
    ['', [profile, ['base', Buffer.from('text')]], 400, 'read file: not a pprof profile: '],
    ['', [base], 400, 'parameter "id" or "query": one of them is needed'],
    [`base_id=${ids[0]}`, [profile, base], 400, 'parameter "base_query": the posted base is the base'],
    [`id=${ids[1]}`, [profile, base], 400, 'parameters "id" and "query": the posted file is the profile'],
    ['', [profile, ['base', Buffer.alloc(maxSentBytes + 1)]], 413, 'read file: part "base" has '],
  ] as const) {
    const response = await post(`format=top&${query}`, parts)
    t.equal(response.status, status, message)
    const { error } = (await response.json()) as { readonly error: string }
    t.ok(error.startsWith(message), error)
  }
  const cut = await fetch(`${url}/profile?format=top`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    body: '--x\r\nContent-Disposition: form-data; name="profile"; filename="a"\r\n\r\nno end',
  })
  t.equal(cut.status, 400)
  t.match(await cut.json(), { error: /^read form: \d+ bytes are no "multipart/ })
})

t.test('what is no pprof file, or too large a one, is refused with what is wrong', async (t) => {
  const { url } = await startProfileApi(t, stored)
  const good = gunzipSync(heaps[0]!.body)
  const damaged = Buffer.from(good)
  damaged.fill(0xff, 100, 200)
  const cases: [name: string, body: Uint8Array, status: number, message: RegExp][] = [
    ['empty', new Uint8Array(0), 400, /^read file: no bytes came, want a pprof file as the body/],
    ['text', Buffer.from('<html>not found</html>'), 400, /^read file: not a pprof profile: byte \d+: /],
    ['damaged', damaged, 400, /^read file: not a pprof profile: byte \d+: /],
    ['cut', good.subarray(0, good.length - 10), 400, /^read file: not a pprof profile: byte \d+: /],
    [
      'cut gzip',
      heaps[0]!.body.subarray(0, 1000),
      400,
      /^read file: gzip of 1000 bytes: unexpected end of file/,
    ],
    ['large', new Uint8Array(maxSentBytes + 1), 413, /^read file: it has 32 ?MB|^read file: it has /],
    [
      'inflated',
      gzipSync(new Uint8Array(129 * 1024 * 1024), { level: 1 }),
      413,
      /^read file: inflated it is larger/,
    ],
  ]
  for (const [name, body, status, message] of cases) {
    const response = await fetch(`${url}/profile?format=top`, { method: 'POST', body: Buffer.from(body) })
    const answer = (await response.json()) as { readonly error: string }
    t.equal(response.status, status, name)
    t.match(answer.error, message, name)
  }
})

t.test('sides that do not compare, and parameters that contradict each other', async (t) => {
  const { url } = await startProfileApi(t, stored)
  const cpu = encodeURIComponent('{profile_type="cpu"}')
  const cases: [query: string, status: number, message: string][] = [
    [`${podB}&base_query=${cpu}`, 422, 'compare heap with cpu: want one profile type on both sides'],
    [`${podB}&base_query=heap&base_id=1`, 400, 'parameters "base_id" and "base_query": want one of them'],
    [`${podB}&base_id=1`, 400, 'parameter "base_id": "1", want <unix ms>-<16 hex digits>'],
    [`${podB}&side=base`, 400, 'parameter "side": it says what a posted file is, and none was posted'],
    [`${podB}&type=wall&${baseA}`, 422, 'sample type "wall": there are alloc_objects, '],
    [`${podB}&f=(`, 400, 'parameter "focus": regular expression "("'],
    [`${podB}&n=many`, 400, 'parameter "n": want a whole number'],
    [`${podB}&nf=2`, 400, 'parameter "nf": want a number from 0 to 1'],
    [`id=${idOf(stored[0]!)}&base_start=now-1h`, 400, 'parameter "base_query": missing'],
  ]
  for (const [query, status, message] of cases) {
    const response = await fetch(`${url}/profile?${query}&format=top`)
    const answer = (await response.json()) as { readonly error: string }
    t.equal(response.status, status, query)
    t.ok(answer.error.startsWith(message), answer.error)
  }
  const response = await fetch(`${url}/profile?${podB}&format=top`, {
    method: 'POST',
    body: Buffer.from(cpus[0]!.body),
  })
  t.equal(response.status, 400)
  const mixed = await fetch(`${url}/profile?${podB}&side=base&format=top`, {
    method: 'POST',
    body: Buffer.from(cpus[0]!.body),
  })
  t.equal(mixed.status, 422)
  t.match(await mixed.json(), {
    error:
      'compare inuse_space/bytes: the base has samples/count, cpu/nanoseconds: want a sample type that both have',
  })
})

t.test('a whole merge as pprof is what it was without a comparison', async (t) => {
  const { url } = await startProfileApi(t, stored)
  const response = await fetch(`${url}/profile?${podB}`)
  const bytes = gunzipSync(Buffer.from(await response.arrayBuffer()))
  const wanted = after
    .map(({ body }) => profileFromPprof(gunzipSync(body)).values[3]!.total())
    .reduce((sum, total) => sum + total, 0n)
  t.equal(profileFromPprof(bytes).values[3]!.total(), wanted)
})
