import { mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startConprof } from '../../support/conprof.ts'
import { until } from '../../support/until.ts'
import type { CorpusSeries } from '../corpus.ts'
import type { Figure } from '../figure.ts'
import type { BucketRig } from './bucket-rig.ts'
import { profileTypes } from './fleet-plan.ts'
import { endWithUs, nodeFlags, processUse } from './measured-process.ts'

const targets = 60
const intervalSeconds = 10
const warmUpSeconds = 30
const measuredSeconds = 120
const cutSeconds = 30

/**
 * A real `conprof collector` on targets that replay the corpus, six times as often as usual: what a profile costs it
 * from request to block, and what it asks of the bucket.
 */
export async function collectorFigures(
  rig: BucketRig,
  { corpus }: { readonly corpus: readonly CorpusSeries[] },
): Promise<Figure[]> {
  const folder = await mkdtemp(join(rig.folder, 'collector-'))
  const programs = [...new Set(corpus.map(({ program }) => program))]
  const servers = programs.map((program) => serveProgram(corpus, program))
  const config = join(folder, 'conprof.yaml')
  const scrape_configs = await Promise.all(
    servers.map(async (server, p) => ({
      job_name: programs[p],
      static_configs: [{ targets: await server.listen(Math.ceil(targets / programs.length)) }],
      profiling_config: {
        pprof_config: { cpu: { seconds: 1 }, block: { enabled: false }, mutex: { enabled: false } },
      },
    })),
  )
  const global = { scrape_interval: `${intervalSeconds}s`, scrape_timeout: '5s' }
  await writeFile(config, JSON.stringify({ global, scrape_configs }))
  const conprof = await startConprof(
    [
      `--config.file=${config}`,
      `--objstore.config-file=${rig.configFile}`,
      `--storage.path=${join(folder, 'data')}`,
      `--block.duration=${cutSeconds}s`,
    ],
    'collector',
    { nodeFlags },
  )
  endWithUs(conprof.process)
  try {
    const look = async () => ({
      metrics: parseMetrics(await (await fetch(`${conprof.url}/metrics`)).text()),
      use: processUse(conprof.process.pid!),
      atMs: performance.now(),
    })
    await sleep(warmUpSeconds * 1000)
    const before = await look()
    await sleep(measuredSeconds * 1000)
    const after = await look()
    const grew = (name: string) => (after.metrics.get(name) ?? 0) - (before.metrics.get(name) ?? 0)
    const hours = (after.atMs - before.atMs) / 3_600_000
    const profiles = grew('conprof_storage_appended_total')
    const cuts = grew('conprof_storage_blocks_cut_total')
    if (profiles === 0 || cuts === 0)
      throw new Error(`a collector scraped ${profiles} profiles and cut ${cuts} blocks`)
    const requests = (name: string) => `conprof_bucket_requests_total{operation="${name}"}`
    const puts = grew(requests('put'))
    const others = ['list', 'get', 'stat', 'delete'].reduce((sum, name) => sum + grew(requests(name)), 0)
    const atStart = [...before.metrics].reduce(
      (sum, [name, value]) => (/^conprof_bucket_requests_total(?!.*"put")/.test(name) ? sum + value : sum),
      0,
    )
    const cpuSeconds = after.use.cpuSeconds - before.use.cpuSeconds
    return [
      {
        name: 'fleet.requests_per_collector_hour',
        value: (puts / cuts) * 2 + others / hours + atStart,
        unit: '',
        reach: { op: '<=', value: 10 },
        context: `${puts} PUTs for ${cuts} blocks, two of which are an hour's; ${others} others in ${(hours * 60).toFixed(1)} min, ${atStart} at the start`,
      },
      {
        name: 'fleet.bytes_per_collector_hour',
        value: (grew('conprof_bucket_transferred_bytes_total{operation="put"}') / puts / 2 ** 20) * 2,
        unit: 'MiB',
        context: `as large as blocks of ${cutSeconds} s of ${targets} targets every ${intervalSeconds} s are; twice an hour`,
      },
      {
        name: 'capacity.scrape_cpu_ms',
        value: (cpuSeconds * 1000) / profiles,
        unit: 'ms',
        context: `of a profile, from request to block: ${profiles} of ${profileTypes.join(', ')} of ${programs.length} programs`,
      },
      {
        name: 'capacity.collector_rss_mb',
        value: after.use.peakMb,
        unit: 'MiB',
        context: `the most, with a head of up to ${((after.metrics.get('conprof_storage_head_bytes') ?? 0) / 2 ** 20).toFixed(1)} MiB at the end`,
      },
      {
        name: 'capacity.wal_bytes_per_profile',
        value: grew('conprof_storage_wal_written_bytes_total') / profiles,
        unit: 'B',
        context: 'written to the log',
      },
    ]
  } finally {
    await conprof.stop()
    for (const server of servers) server.close()
  }
}

/** Each target walks on by itself, from a place of its own. */
function serveProgram(corpus: readonly CorpusSeries[], program: string) {
  const turns = new Map<string, number>()
  const servers: ReturnType<typeof createServer>[] = []
  const listen = async () => {
    const server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost')
      const name = pathname.slice(pathname.lastIndexOf('/') + 1)
      const type = name === 'profile' ? 'cpu' : name
      const series = corpus.find((each) => each.program === program && each.type === type)
      if (series === undefined) return void response.writeHead(404).end()
      const key = `${request.socket.localPort} ${type}`
      const turn = turns.get(key) ?? (turns.size * 37) % series.profiles.length
      turns.set(key, turn + 1)
      if (type === 'cpu') await sleep(1000)
      response.end(series.profiles[turn % series.profiles.length]!.body)
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await until('a target listens', () => server.listening)
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return {
    listen: (count: number) => Promise.all(Array.from({ length: count }, listen)),
    close: () => {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

/** By name with its labels, as it is written. */
function parseMetrics(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)].map(([, name, value]) => [name!, Number(value)]),
  )
}
