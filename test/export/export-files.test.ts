import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { findFiles } from '../../import/find-files.ts'
import { planImport } from '../../import/plan-import.ts'
import { writeBlocks } from '../../import/write-blocks.ts'
import { labelsHash, sortLabels } from '../../profile/labels.ts'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'
import type { ProfilesAnswer } from '../../query/api/types.ts'
import { corpusFiles } from '../../query/testdata/corpus-files.ts'
import { collapsed } from '../../query/views/collapsed.ts'
import { askApi } from '../support/ask-api.ts'
import { runConprof, startConprof } from '../support/conprof.ts'
import { importFleet } from '../support/corpus-fleet.ts'
import { until } from '../support/until.ts'

const storage = t.testdir({})
await importFleet(storage)
const range = ['--start=2026-11-22T00:00:00Z', '--end=2026-11-22T23:59:59Z']
const from = [`--storage.path=${storage}`, ...range]

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

t.test(
  'conprof export --format pprof writes every profile as it was scraped, and import reads them',
  async (t) => {
    const output = join(storage, 'pprof')
    const { stdout, stderr, code } = await runConprof([
      'export',
      ...from,
      '--format=pprof',
      '--output',
      output,
    ])
    t.strictSame([code, stderr], [0, ''])
    t.match(stdout, /^243 profiles as 243 files, .*, in /)
    const labels = sortLabels([
      ['namespace', 'kube-system'],
      ['workload', 'etcd'],
      ['pod', 'etcd-0'],
      ['version', 'v3.6.5'],
      ['team', 'platform'],
      ['profile_type', 'heap'],
      ['service_name', 'kube-system/etcd'],
    ])
    const folder = join(output, 'kube-system_etcd', 'heap', `etcd-0-${labelsHash(labels)}`)
    t.strictSame(JSON.parse(readFileSync(join(folder, 'labels.json'), 'utf8')), labels)
    for (const { timeMs, body } of corpusFiles('etcd', 'heap')) {
      const path = join(folder, `${timeMs}.pb.gz`)
      if (!gunzipSync(readFileSync(path)).equals(gunzipSync(body))) t.fail(String(timeMs))
      t.equal(Math.round(statSync(path).mtimeMs), timeMs)
    }
    // On the way back each profile is what it was: nothing is there twice.
    const again = await runConprof(['import', `--storage.path=${storage}`, output])
    t.equal(again.stderr, '')
    t.match(again.stdout, /243 profiles of 12 series\n/)
    const twice = join(storage, 'twice')
    const { stdout: same } = await runConprof(['export', ...from, '--format=pprof', '--output', twice])
    t.match(same, /^243 profiles as 243 files, /)
    t.strictSame(filesIn(twice), filesIn(output))
  },
)

t.test('conprof export --merge and --format collapsed are what the API answers', async (t) => {
  const query = await startConprof([`--storage.path=${storage}`], 'query')
  t.teardown(() => query.stop())
  const answer = async (match: string, parameters: Record<string, string>) => {
    const [start, end] = range.map((flag) => flag.split('=')[1]!) as [string, string]
    const response = await fetch(
      `${query.url}/api/v1/profile?${new URLSearchParams({ query: match, start, end, ...parameters })}`,
    )
    return Buffer.from(await response.arrayBuffer())
  }
  const match = '--match={namespace!="", profile_type!="block"}'
  const merged = join(storage, 'merged')
  await runConprof(['export', ...from, match, '--format=pprof', '--merge', '--output', merged])
  t.strictSame(filesIn(merged), [
    ...['allocs', 'cpu', 'goroutine', 'heap', 'mutex'].map(
      (type) => `kube-system-kube-system_etcd-${type}.pb.gz`,
    ),
    ...['cpu', 'heap'].map((type) => `monitoring-monitoring_prometheus-${type}.pb.gz`),
  ])
  const heap = '{service_name="monitoring/prometheus", profile_type="heap"}'
  const file = gunzipSync(readFileSync(join(merged, 'monitoring-monitoring_prometheus-heap.pb.gz')))
  const ours = profileFromPprof(file)
  const theirs = profileFromPprof(gunzipSync(await answer(heap, { format: 'pprof', agg: 'sum' })))
  for (const type of [0, 1, 2, 3]) t.equal(collapsed(ours, type), collapsed(theirs, type))
  const folded = join(storage, 'folded')
  await runConprof(['export', ...from, match, '--format=collapsed', '--by=team', '--output', folded])
  t.ok(filesIn(folded).includes('metrics-heap.inuse_space.collapsed'))
  for (const type of ['inuse_space', 'alloc_space']) {
    const text = readFileSync(join(folded, `metrics-heap.${type}.collapsed`), 'utf8')
    t.equal(
      text,
      String(await answer('{team="metrics", profile_type="heap"}', { format: 'collapsed', type })),
    )
    t.ok(text.length > 1000)
  }
})

t.test('conprof export reads several buckets and the heads of collectors as one', async (t) => {
  const other = t.testdir({})
  const bucket = await FolderBucket.open(join(other, 'bucket'))
  const files = findFiles([corpusFiles('etcd', 'cpu')[0]!.path])
  const plan = await planImport(files, { labels: { job: 'etcd', cluster: 'b' } })
  await writeBlocks(plan, { bucket })
  const configs = [storage, other].map((folder, index) => {
    const path = join(other, `${index}.yaml`)
    writeFileSync(path, `type: FILESYSTEM\nconfig:\n  directory: ${join(folder, 'bucket')}\n`)
    return `--objstore.config-file=${path}`
  })
  const collector = await startConprof([`--storage.path=${join(other, 'collector')}`])
  t.teardown(() => collector.stop())
  await until(
    'a heap profile of conprof itself',
    async () => {
      const { data } = await askApi<ProfilesAnswer>(collector.url, 'profiles', {
        query: '{profile_type="heap"}',
      })
      return data.profiles.length > 0
    },
    120_000,
  )
  const output = join(other, 'out')
  const given = ['export', '--format=pprof', ...configs, `--collectors=${collector.url}`, '--output', output]
  const { code, stderr } = await runConprof([
    ...given,
    range[0]!,
    '--end=now',
    '--match={profile_type=~"cpu|heap"}',
  ])
  t.strictSame([code, stderr], [0, ''])
  const folders = readdirSync(output).sort()
  t.strictSame(folders, ['batch', 'conprof', 'etcd', 'kube-system_etcd', 'monitoring_prometheus'])
})

t.test('conprof export says what it cannot read, writes the rest, and ends with 1', async (t) => {
  const damaged = t.testdir({})
  const bucket = await FolderBucket.open(join(damaged, 'bucket'))
  for (const program of ['etcd', 'prometheus']) {
    const builder = createBlockBuilder()
    const labels = sortLabels([
      ['service_name', program],
      ['profile_type', 'heap'],
    ])
    for (const [seq, { timeMs, body }] of corpusFiles(program, 'heap').entries()) {
      const attempt = { labels, timeMs, durationMs: 1, health: 'ok', httpStatus: 200, body } as const
      builder.append(attempt, { writer: program, seq })
    }
    const { key, bytes } = builder.encode()!
    // The symbols come right before the rows; the tail stays whole.
    if (program === 'etcd') bytes.fill(0, 64, bytes.length * 0.6)
    await bucket.put(`blocks/${key}`, bytes)
  }
  const output = join(damaged, 'out')
  const given = ['export', `--storage.path=${damaged}`, ...range, '--output', output]
  for (const format of ['pprof', 'parquet']) {
    const { code, stderr, stdout } = await runConprof([...given, `--format=${format}`])
    t.equal(code, 1)
    t.match(
      stderr,
      /^conprof: a part of \{profile_type="heap", service_name="etcd"\} on 2026-11-22 is missing: read .*\n$/,
    )
    t.match(stdout, /^30 profiles /)
  }
  for (const [flags, message] of [
    ['--format=collapsed --aggregate=1h', '--aggregate goes with --format parquet'],
    ['--format=parquet --merge', '--merge goes with --format pprof'],
    ['--format=pprof --agg=sum', '--agg goes with --merge or --format collapsed'],
    ['--format=pprof --overwrite', '--overwrite goes with --format parquet'],
  ] as const) {
    t.match(await runConprof([...given, ...flags.split(' ')]), {
      code: 1,
      stderr: `conprof: export: ${message}\n`,
    })
  }
  const two = ['export', ...range, '--format=pprof', `--storage.path=${damaged}`]
  t.match(await runConprof([...two, '--output=x', '--end=now-9000d']), {
    code: 1,
    stderr: /^conprof: export: --start .* lies after --end /,
  })
  t.match(await runConprof([...two]), { code: 1, stderr: /required option '--output <folder>'/ })
  const none = await runConprof([
    'export',
    '--storage.path',
    join(damaged, 'none'),
    '--format=pprof',
    '--output=x',
  ])
  t.match(none, { code: 1, stderr: /^conprof: open bucket ".*none\/bucket": ENOENT; want / })
})
