// Upgraded, the write version raised, and every component taken back by one release, in any order.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { openBlock } from '../../block/open-block.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { openBucketFile } from '../../bucket/open-bucket.ts'
import { listStoredBlocks } from '../../compact/stored-blocks.ts'
import { storedSource } from '../../compact/stored-source.ts'
import { silentLogger } from '../../lib/log.ts'
import type { ProfilesAnswer, QueryRangeAnswer, TopAnswer } from '../../query/api/types.ts'
import { askApi } from '../support/ask-api.ts'
import { checkOutCommit } from '../support/check-out-commit.ts'
import { type Conprof, runConprof, startConprof } from '../support/conprof.ts'
import { freePorts } from '../support/free-ports.ts'
import { olderCommit } from '../support/older-release.ts'
import { startPprofTargets } from '../support/pprof-targets.ts'
import { until } from '../support/until.ts'

const tree = fileURLToPath(new URL('../../', import.meta.url))
const components = ['collector', 'query', 'compact'] as const
type Component = (typeof components)[number]
/** When the corpus was scraped: over, so that it is compacted. */
const corpusRange = { start: '2026-11-22T00:00:00Z', end: '2026-11-22T23:59:59Z' }

t.test('whatever is taken back by one release, and when, answers stay', async (t) => {
  const folder = `${await mkdtemp(join(tmpdir(), 'conprof-upgrade-'))}/`
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const older = `${folder}older/`
  await checkOutCommit({ repository: tree, commit: olderCommit, folder: older.slice(0, -1) })
  await symlink(`${tree}node_modules`, `${older}node_modules`)
  const rig = await startRig(t, folder, older)

  await rig.importCorpus('etcd', { isOlder: true })
  for (const component of components) await rig.use(component, { isOlder: true, version: '1' })
  await rig.untilBlocks(2)
  const afterFirst = Date.now()

  // The release comes, and then writes what the one before it reads.
  for (const component of components) await rig.use(component, { isOlder: false, version: '1' })
  for (const component of components) await rig.use(component, { isOlder: false, version: '2' })
  await rig.importCorpus('etcd', { isOlder: false })
  await rig.importCorpus('prometheus', { isOlder: false })
  await rig.compact()
  // Ends before the wait: what is scraped at this very moment is told of later.
  const range = { start: `${rig.startMs / 1000}`, end: `${Date.now() / 1000}` }
  await rig.untilBlocks((await rig.blocks()).length + 2)
  const want = await rig.answers(range)
  t.ok(Number(want['live attempts']) > 4, `${want['live attempts']} attempts`)
  t.ok(Date.now() > afterFirst)
  const versions = await rig.versions()
  t.ok(versions.has('1 1') && versions.has('2 1'), 'blocks of both versions were cut')
  t.ok(
    [...versions].some((each) => each.startsWith('2 ') && each !== '2 1'),
    'and compacted into the newer one',
  )

  // One component at a time, back or forth, through every mixture of the two releases.
  const isOlder = { collector: false, query: false, compact: false }
  const seen = new Set<string>()
  for (const component of grayCode(components)) {
    isOlder[component] = !isOlder[component]
    await rig.use(
      component,
      isOlder[component] ? { isOlder: true, version: '1' } : { isOlder: false, version: '2' },
    )
    if (component === 'compact') await rig.compact()
    const back = components.filter((each) => isOlder[each])
    seen.add(back.join())
    t.same(await rig.answers(range), want, `taken back: ${back.join(', ') || 'nothing'}`)
  }
  t.equal(seen.size, 2 ** components.length)
})

interface Use {
  readonly isOlder: boolean
  readonly version: '1' | '2'
}

async function startRig(t: Test, folder: string, older: string) {
  const objstore = `${folder}bucket.yaml`
  const directory = `${folder}bucket`
  await writeFile(objstore, JSON.stringify({ type: 'FILESYSTEM', config: { directory } }))
  await FolderBucket.open(directory)
  const targets = await startPprofTargets(1)
  t.teardown(() => targets.close())
  const config = `${folder}conprof.yaml`
  await writeFile(
    config,
    JSON.stringify({
      scrape_configs: [
        {
          job_name: 'live',
          scrape_interval: '1s',
          scrape_timeout: '1s',
          static_configs: [{ targets: [`${targets.ips[0]}:${targets.port}`] }],
          profiling_config: { pprof_config: { cpu: { enabled: false } } },
        },
      ],
    }),
  )
  const [collectorPort] = await freePorts(1)
  const running: Partial<Record<'collector' | 'query', Conprof>> = {}
  let compacting: Use = { isOlder: true, version: '1' }
  const stop = async (component: 'collector' | 'query') => {
    await running[component]?.stop()
    delete running[component]
  }
  t.teardown(() => Promise.all([stop('collector'), stop('query')]))
  const bucket = await openBucketFile(objstore, { log: silentLogger(), registry: new Registry() })
  const blocks = () => listStoredBlocks(bucket, { signal: new AbortController().signal })
  const treeOf = (isOlder: boolean) => ({ folder: isOlder ? older : tree })
  const mustRun = async (parameters: readonly string[], isOlder: boolean) => {
    const { code, stderr } = await runConprof(parameters, treeOf(isOlder))
    if (code !== 0) throw new Error(`conprof ${parameters[0]} ended with ${code}: ${stderr}`)
  }
  const start = {
    collector: (version: string) => [
      `--web.listen-address=127.0.0.1:${collectorPort}`,
      `--config.file=${config}`,
      `--storage.path=${folder}collector`,
      `--objstore.config-file=${objstore}`,
      `--storage.write-version=${version}`,
      '--block.duration=3s',
    ],
    query: (_version: string) => [
      `--objstore.config-file=${objstore}`,
      `--storage.path=${folder}query`,
      `--collectors=http://127.0.0.1:${collectorPort}`,
    ],
  }
  return {
    startMs: Date.now(),
    blocks,
    use: async (component: Component, use: Use) => {
      if (component === 'compact') {
        compacting = use
        return
      }
      await stop(component)
      const started = await startConprof(start[component](use.version), component, treeOf(use.isOlder))
      running[component] = started
      await until(`${component} to be ready`, async () => (await fetch(`${started.url}/-/ready`)).ok, 60_000)
    },
    compact: () => {
      const { isOlder, version } = compacting
      const parameters = ['compact', '--once', `--objstore.config-file=${objstore}`]
      return mustRun(
        [
          ...parameters,
          `--storage.path=${folder}compact`,
          `--storage.write-version=${version}`,
          '--compact.grace=0s',
        ],
        isOlder,
      )
    },
    importCorpus: (program: string, { isOlder }: Pick<Use, 'isOlder'>) =>
      mustRun(
        [
          'import',
          `--objstore.config-file=${objstore}`,
          `--label=from=${isOlder ? 'older' : 'newer'}`,
          '--path-template={job}/{profile_type}/{timeMs}.pb.gz',
          join(tree, 'test/testdata/corpus', program),
        ],
        isOlder,
      ),
    untilBlocks: (count: number) =>
      until(`${count} blocks`, async () => (await blocks()).length >= count, 90_000),
    /** `<version> <level>` of each block. */
    versions: async () => {
      const found = new Set<string>()
      for (const block of await blocks()) {
        const { meta } = await openBlock(storedSource(bucket, block))
        found.add(`${meta.version} ${meta.level}`)
      }
      return found
    },
    answers: (liveRange: { readonly start: string; readonly end: string }) =>
      until('a whole answer', () => wholeAnswer(running.query!.url, liveRange), 60_000),
  }
}

/** Undefined while something is missing from it. */
async function wholeAnswer(url: string, liveRange: { readonly start: string; readonly end: string }) {
  const list = (query: string, range: typeof liveRange) =>
    askApi<ProfilesAnswer>(url, 'profiles', { query, limit: '5000', ...range })
  const live = await list('{job="live"}', liveRange)
  const stored = await list('{job!="live"}', corpusRange)
  const heap = '{job="prometheus", profile_type="heap"}'
  const plot = await askApi<QueryRangeAnswer>(url, 'query_range', { query: heap, ...corpusRange })
  const top = await askApi<TopAnswer>(url, 'profile', { query: heap, format: 'top', ...corpusRange })
  const cpu = '{job="etcd", profile_type="cpu"}'
  const merged = await askApi<TopAnswer>(url, 'profile', { query: cpu, format: 'top', ...corpusRange })
  const labels = await askApi<string[]>(url, 'labels', corpusRange)
  if ([live, stored, plot, top, merged, labels].some(({ warnings }) => warnings.length > 0)) return undefined
  const tell = ({ data }: typeof live) =>
    data.profiles.map(({ id, sizeBytes, totals }) => `${id} ${sizeBytes} ${totals.map(({ value }) => value)}`)
  return {
    live: tell(live),
    'live attempts': `${live.data.profiles.length}`,
    stored: tell(stored),
    plot: plot.data.result.map(({ values }) => values),
    top: top.data.functions,
    merged: merged.data.functions,
    labels: labels.data,
  }
}

/** Which to switch next, so that every combination comes up once. */
function grayCode<Item>([first, ...rest]: readonly Item[]): Item[] {
  if (first === undefined) return []
  const others = grayCode(rest)
  return others.length === 0 ? [first, first] : others.flatMap((other) => [first, other])
}
