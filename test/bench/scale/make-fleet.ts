import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { CorpusSeries } from '../corpus.ts'
import type { TypeTotals, Window } from './cut-fleet.ts'
import { type FleetParameters, type PlannedPod, planFleet } from './fleet-plan.ts'
import type { FleetWork } from './fleet-worker.ts'

/** A fleet's blocks in a folder, as collectors would have brought them to a bucket. */
export interface Fleet {
  readonly parameters: FleetParameters
  readonly pods: readonly PlannedPod[]
  /** Holds `blocks/`. */
  readonly directory: string
  readonly blocks: readonly { readonly key: string; readonly sizeBytes: number }[]
  readonly profiles: number
  /** By `program/type`. */
  readonly totals: Readonly<Record<string, TypeTotals>>
  /** CPU of all collectors. */
  readonly appendSeconds: number
  readonly encodeSeconds: number
  /** The largest head that a collector held. */
  readonly headBytes: number
}

export interface MakeFleetOptions {
  readonly corpus: { readonly folder: string; readonly series: readonly CorpusSeries[] }
  readonly say: (line: string) => void
}

/** Makes what is not there from an earlier run with the same parameters, corpus and code. */
export async function makeFleet(parameters: FleetParameters, options: MakeFleetOptions): Promise<Fleet> {
  const { corpus, say } = options
  const programs = [...new Set(corpus.series.map(({ program }) => program))]
  const pods = planFleet(parameters, programs)
  const directory = fleetFolder(parameters, corpus.folder)
  const { collectors } = parameters
  const threads = Math.min(availableParallelism(), collectors)
  const windows: Window[] = []
  const startMs = performance.now()
  let saidMs = startMs
  const total = collectors * Math.ceil(parameters.hours * 2)
  await Promise.all(
    Array.from({ length: threads }, (_, thread) =>
      runWorker(
        {
          parameters,
          programs,
          corpus: corpus.folder,
          directory,
          collectors: Array.from({ length: collectors }, (_, i) => i).filter((i) => i % threads === thread),
        },
        (window) => {
          windows.push(window)
          if (performance.now() - saidMs < 15_000) return
          saidMs = performance.now()
          say(`${windows.length} of ${total} windows of ${describe(parameters)}`)
        },
      ),
    ),
  )
  const seconds = (performance.now() - startMs) / 1000
  const fleet = { parameters, pods, directory, ...sumUp(windows) }
  say(
    `${describe(parameters)}: ${fleet.profiles} profiles in ${fleet.blocks.length} blocks, ${seconds.toFixed(0)} s`,
  )
  return fleet
}

export function describe({ service, others, noise, hours }: FleetParameters): string {
  return `a service of ${service.pods} pods (${service.program}; ${service.wholePods} with all types) and ${others} others, ${hours} h, noise: ${noise}`
}

/** What gzip as Go writes it would have taken, by `program/type`; noise is counted by a sample. */
export function gzipBytes(fleet: Fleet, corpus: readonly CorpusSeries[]): Map<string, number> {
  return new Map(
    Object.entries(fleet.totals).map(([name, total]) => {
      if (fleet.parameters.noise === 'none') return [name, total.recordedGzipBytes]
      const series = corpus.find(({ program, type }) => `${program}/${type}` === name)!
      const perRawByte = total.sampledGzipBytes / total.sampledRawBytes
      return [name, total.rawBytes * perRawByte * goAgainstZlib(series)]
    }),
  )
}

/** Go's BestSpeed is another algorithm than zlib's level 1: the corpus has files by the one, and we have the other. */
function goAgainstZlib({ profiles }: CorpusSeries): number {
  let go = 0
  let zlib = 0
  for (let i = 0; i < profiles.length; i += 20) {
    go += profiles[i]!.body.length
    zlib += gzipSync(gunzipSync(profiles[i]!.body), { level: 1 }).length
  }
  return go / zlib
}

function sumUp(windows: readonly Window[]) {
  const totals: Record<string, TypeTotals> = {}
  const sum = (of: (window: Window) => number) => windows.reduce((all, window) => all + of(window), 0)
  for (const window of windows) {
    for (const [name, of] of Object.entries(window.totals)) {
      const total = totals[name]
      if (total === undefined) totals[name] = { ...of }
      else for (const key of Object.keys(of) as (keyof TypeTotals)[]) total[key] += of[key]
    }
  }
  return {
    blocks: windows.flatMap(({ blocks }) => blocks),
    profiles: sum(({ attempts }) => attempts),
    totals,
    appendSeconds: sum(({ appendSeconds }) => appendSeconds),
    encodeSeconds: sum(({ encodeSeconds }) => encodeSeconds),
    headBytes: windows.reduce((max, { headBytes }) => Math.max(max, headBytes), 0),
  }
}

function runWorker(work: FleetWork, onWindow: (window: Window) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fleet-worker.ts', import.meta.url), { workerData: work })
    worker.on('message', onWindow)
    worker.on('error', reject)
    worker.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`make a fleet: a thread ended with ${code}`)),
    )
  })
}

/** Outside of the tree, and emptied of what other code made from the same parameters. */
function fleetFolder(parameters: FleetParameters, corpus: string): string {
  const hash = (...texts: readonly string[]) => {
    const sum = createHash('sha256')
    for (const text of texts) sum.update(text).update('\0')
    return sum.digest('hex').slice(0, 16)
  }
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(root, 'conprof-bench', hash(JSON.stringify(parameters), corpus))
  const name = hash(...sources())
  mkdirSync(folder, { recursive: true })
  for (const other of readdirSync(folder))
    if (other !== name) rmSync(join(folder, other), { recursive: true, force: true })
  const path = join(folder, name)
  mkdirSync(path, { recursive: true })
  return path
}

/** Whatever decides which bytes are made. */
function sources(): string[] {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  return ['block', 'profile', 'lib/bytes', 'test/bench/scale'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .filter(
        (name) => folder !== 'test/bench/scale' || /^(noisy-profile|fleet-plan|random|cut-fleet)/.test(name),
      )
      .sort()
      .map((name) => join(root, folder, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, 'utf8')),
  )
}
