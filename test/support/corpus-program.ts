import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface CorpusProgram {
  /** `127.0.0.1:port` */
  readonly address: string
  /** What it serves, in turn, as gzip. */
  readonly bodies: readonly Buffer[]
}

/** A program whose heap profiles are real ones of etcd, one after the other, whatever path is asked for. */
export async function startCorpusProgram(t: Test): Promise<CorpusProgram> {
  const corpus = new URL('../testdata/corpus/etcd/heap/', import.meta.url)
  const bodies = readdirSync(corpus)
    .sort()
    .map((name) => readFileSync(new URL(name, corpus)))
  let served = 0
  const server = createServer((_, response) => response.end(bodies[served++ % bodies.length]))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, bodies }
}

/** A conprof.yaml that scrapes nothing but its heap, every second. */
export function corpusConfig(job: string, program: CorpusProgram): string {
  const off = { enabled: false }
  const pprof_config = { cpu: off, goroutine: off, block: off, mutex: off }
  return JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      { job_name: job, static_configs: [{ targets: [program.address] }], profiling_config: { pprof_config } },
    ],
  })
}
