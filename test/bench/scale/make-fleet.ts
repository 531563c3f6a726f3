import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { CorpusSeries } from '../corpus.ts'
import { cutFleet, type TypeTotals, type Window } from './cut-fleet.ts'
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
  const programs = programsOf(corpus.series)
  const pods = planFleet(parameters, programs)
  const directory = fleetFolder(parameters, corpus)
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

/** Outside of the tree, and emptied of what the same parameters once made otherwise. */
function fleetFolder(parameters: FleetParameters, corpus: MakeFleetOptions['corpus']): string {
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(root, 'conprof-bench', hashOf(JSON.stringify(parameters), corpus.folder))
  const name = fingerprint(parameters, corpus)
  mkdirSync(folder, { recursive: true })
  for (const other of readdirSync(folder))
    if (other !== name) rmSync(join(folder, other), { recursive: true, force: true })
  const path = join(folder, name)
  mkdirSync(path, { recursive: true })
  return path
}

/** Of the blocks of a fleet as small as can be: code and corpus that make the same of it make the same of all. */
function fingerprint(parameters: FleetParameters, { series }: MakeFleetOptions['corpus']): string {
  const { program } = parameters.service
  const programs = programsOf(series)
  const small: FleetParameters = {
    ...parameters,
    hours: 0.5,
    service: { program, pods: 1, wholePods: 1 },
    others: programs.length,
    collectors: 1,
  }
  const directory = mkdtempSync(join(tmpdir(), 'conprof-fingerprint-'))
  try {
    const blocks: string[] = []
    cutFleet({
      parameters: small,
      collector: 0,
      pods: planFleet(small, programs),
      corpus: series,
      directory,
      onWindow: (window) => blocks.push(...window.blocks.map(({ key }) => key)),
    })
    return hashOf(...blocks.flatMap((key) => [key, readFileSync(join(directory, 'blocks', key))]))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part).update('\0')
  return sum.digest('hex').slice(0, 16)
}

function programsOf(series: readonly CorpusSeries[]): string[] {
  return [...new Set(series.map(({ program }) => program))]
}
