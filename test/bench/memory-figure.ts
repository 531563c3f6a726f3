import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CorpusSeries } from './corpus.ts'
import type { Figure } from './figure.ts'

const targetCount = 50
const minutes = 5

/** `conprof all` as a user runs it, on 50 targets that replay the corpus: heap, goroutine and 1 s of CPU every 10 s. */
export async function memoryFigure(corpus: readonly CorpusSeries[]): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), 'conprof-memory-'))
  const served = serveCorpus(corpus)
  const ports = await Promise.all(Array.from({ length: targetCount }, () => served.listen()))
  const config = join(folder, 'conprof.yaml')
  await writeFile(config, configOf(corpus, ports))
  const program = fileURLToPath(new URL('../../bin/conprof.js', import.meta.url))
  const child = spawn(
    process.execPath,
    [
      // As `npm start` does.
      '--max-semi-space-size=4',
      program,
      'all',
      `--config.file=${config}`,
      `--storage.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NODE_OPTIONS: '', MALLOC_ARENA_MAX: '2' } },
  )
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  let ended = false
  child.on('exit', () => {
    ended = true
  })
  try {
    let peak = 0
    const samples: number[] = []
    for (let second = 0; second < minutes * 60; second++) {
      await sleep(1000)
      if (ended) throw new Error(`conprof all ended: ${said}`)
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
      samples.push(resident)
      peak = Math.max(peak, resident)
    }
    const late = samples.slice(-60)
    const mean = late.reduce((sum, value) => sum + value, 0) / late.length
    return {
      name: 'all.rss_mb',
      value: peak,
      unit: 'MiB',
      reach: { op: '<=', value: 200 },
      context: `the peak of ${minutes} minutes; mean of the last minute ${mean.toFixed(0)}; ${served.count()} profiles served to ${targetCount} targets`,
    }
  } finally {
    child.kill('SIGTERM')
    served.close()
    await sleep(1500)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Programs take turns, so that targets of one program share a service, as replicas do. */
function configOf(corpus: readonly CorpusSeries[], ports: readonly number[]): string {
  const programs = [...new Set(corpus.map(({ program }) => program))]
  return JSON.stringify({
    global: { scrape_interval: '10s', scrape_timeout: '5s' },
    scrape_configs: programs.map((program, p) => ({
      job_name: program,
      static_configs: [
        {
          targets: ports.filter((_, i) => i % programs.length === p).map((port) => `127.0.0.1:${port}`),
        },
      ],
      profiling_config: {
        prefix: `/${program}`,
        pprof_config: { cpu: { seconds: 1 }, block: { enabled: false }, mutex: { enabled: false } },
      },
    })),
  })
}

/** Each target walks through the series at its own pace, from its own place. */
function serveCorpus(corpus: readonly CorpusSeries[]) {
  const turns = new Map<string, number>()
  let count = 0
  const servers: Server[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const [, program, , , name] = new URL(request.url!, 'http://localhost').pathname.split('/')
    const type = name === 'profile' ? 'cpu' : name
    const series = corpus.find((each) => each.program === program && each.type === type)
    if (series === undefined) {
      response.writeHead(404).end()
      return
    }
    const key = `${request.socket.localPort} ${type}`
    const turn = turns.get(key) ?? Math.floor((turns.size * 37) % series.profiles.length)
    turns.set(key, turn + 1)
    count++
    if (type === 'cpu') await sleep(1000)
    response.end(series.profiles[turn % series.profiles.length]!.body)
  }
  return {
    listen: () =>
      new Promise<number>((resolve) => {
        const server = createServer(answer)
        servers.push(server)
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
      }),
    close: () => {
      for (const server of servers) server.close()
    },
    count: () => count,
  }
}
