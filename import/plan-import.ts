import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { PprofDecoder } from '../profile/decode-pprof.ts'
import { Dictionary } from '../profile/dictionary.ts'
import { type HeaderFacts, headerFacts } from '../profile/header.ts'
import { inflatePprof } from '../profile/inspect-pprof.ts'
import { formatLabels, type Labels, labelsHash, labelsKey, sortLabels } from '../profile/labels.ts'
import type { FoundFile } from './find-files.ts'
import { guessProfileType } from './guess-profile-type.ts'
import { LabelsFiles, labelsFileName } from './labels-file.ts'
import type { PathFacts, PathTemplate } from './path-template.ts'

/** Where the time of a profile is from. */
export type TimeSource = 'given' | 'path' | 'profile' | 'file'

export interface PlannedSeries {
  readonly labels: Labels
  /** As in a profile's id. */
  readonly hash: string
  readonly isTypeGuessed: boolean
  profileCount: number
  minTimeMs: number
  maxTimeMs: number
  readonly timeSources: Set<TimeSource>
}

export interface PlannedProfile {
  readonly path: string
  readonly series: PlannedSeries
  readonly timeMs: number
  /** What is uncompressed in it, to tell whether two are the same. */
  readonly digest: string
}

export interface ImportPlan {
  /** Ascending in time, then in the series' labels. */
  readonly profiles: readonly PlannedProfile[]
  readonly series: readonly PlannedSeries[]
  /** A line each: what is not imported, and why. */
  readonly problems: readonly string[]
  /** Files that hold what another one does, of the same series and time. */
  readonly duplicateCount: number
}

export interface PlanOptions {
  /** Of every profile; they win over what a path says. */
  readonly labels: Readonly<Record<string, string>>
  readonly timeMs?: number
  readonly pathTemplate?: PathTemplate
  /** The body of the file whose path is `-`. */
  readonly stdin?: Uint8Array
  readonly signal?: AbortSignal
  /** Called after each file. */
  readonly onProgress?: (fileCount: number) => void
}

/** A larger one is no profile that a scrape would have taken. */
export const maxInflatedBytes = 128 * 1024 * 1024

/**
 * Reads each file once and decides what becomes of it. Memory is a few hundred bytes per file. Rejects where nothing
 * says whose profiles these are, since that is the same for all; what is wrong with one file is a problem.
 */
export async function planImport(files: AsyncIterable<FoundFile>, options: PlanOptions): Promise<ImportPlan> {
  const { signal } = options
  const planner = new Planner(options)
  let fileCount = 0
  for await (const file of files) {
    signal?.throwIfAborted()
    if (basename(file.path) === labelsFileName) continue
    await planner.add(file)
    options.onProgress?.(++fileCount)
  }
  return planner.finish()
}

/** The same for all files, so no line each. */
class NamelessError extends Error {
  constructor(path: string) {
    super(
      `import ${JSON.stringify(path)}: nothing says whose profile it is, want --label service_name=<name>, --label job=<name> or --path-template with {job}`,
    )
  }
}

class Planner {
  readonly #options: PlanOptions
  readonly #series = new Map<string, PlannedSeries>()
  readonly #profiles = new Map<string, PlannedProfile>()
  readonly #problems: string[] = []
  #duplicateCount = 0
  #dictionary = new Dictionary()
  readonly #decoder = new PprofDecoder()
  readonly #labelsFiles = new LabelsFiles()

  constructor(options: PlanOptions) {
    this.#options = options
  }

  async add(file: FoundFile): Promise<void> {
    try {
      const facts = await this.#factsOf(file)
      this.#add(file, facts, await readBody(file.path, this.#options.stdin))
    } catch (error) {
      if (error instanceof NamelessError) throw error
      const { code, message } = error as NodeJS.ErrnoException
      const isOurs = code === 'NOT_PPROF' || code === undefined
      this.#problems.push(`${file.path}: ${isOurs ? message : `${code}: ${message}`}`.replaceAll('\n', ' '))
    }
  }

  /** What the path says, and what lies beside the file. */
  async #factsOf({ path }: FoundFile): Promise<PathFacts> {
    const { pathTemplate, labels } = this.#options
    const isStdin = path === '-'
    const fromPath = isStdin ? undefined : pathTemplate?.match(path)
    if (!isStdin && fromPath === undefined && pathTemplate !== undefined) {
      throw new Error(`its path does not fit ${pathTemplate.text}`)
    }
    const beside = isStdin ? undefined : await this.#labelsFiles.factsOf(path)
    const facts = { ...beside, ...fromPath, labels: { ...beside?.labels, ...fromPath?.labels, ...labels } }
    if (serviceName(facts.labels) === '') throw new NamelessError(path)
    return facts
  }

  #add(file: FoundFile, fromPath: PathFacts, body: Uint8Array): void {
    const { timeMs: givenMs } = this.#options
    const bytes = inflate(body)
    const { facts, timeNanos } = this.#decode(bytes)
    const labels: Record<string, string> = { ...fromPath.labels }
    const guessed = labels['profile_type'] === undefined ? guessProfileType(facts, file.path) : undefined
    labels['profile_type'] ??= guessed ?? ''
    if (labels['profile_type'] === '') {
      const types = facts.sampleTypes.map(({ type }) => type).join(', ')
      throw new Error(
        `its sample types (${types}) do not tell what it is a profile of, want --label profile_type=<type>`,
      )
    }
    labels['service_name'] ??= serviceName(labels)
    const [timeMs, timeSource] = chooseTime([
      [givenMs, 'given'],
      [fromPath.timeMs, 'path'],
      [timeNanos > 0n ? Number(timeNanos / 1_000_000n) : undefined, 'profile'],
      [file.modifiedMs, 'file'],
    ])
    if (!(timeMs > 0 && timeMs < maxTimeMs)) throw new Error(`its time is ${timeMs} ms, want unix ms`)

    const series = this.#seriesOf(sortLabels(Object.entries(labels)), guessed !== undefined)
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
    const id = `${timeMs}-${series.hash}`
    const same = this.#profiles.get(id)
    if (same !== undefined) {
      if (same.digest !== digest) {
        throw new Error(
          `another profile than "${same.path}", but of the same series and time, want --label or --time to tell them apart`,
        )
      }
      this.#duplicateCount++
      return
    }
    this.#profiles.set(id, { path: file.path, series, timeMs, digest })
    series.profileCount++
    series.minTimeMs = Math.min(series.minTimeMs, timeMs)
    series.maxTimeMs = Math.max(series.maxTimeMs, timeMs)
    series.timeSources.add(timeSource)
  }

  finish(): ImportPlan {
    const series = [...this.#series.values()].filter(({ profileCount }) => profileCount > 0)
    const order = new Map(series.map((each) => [each, labelsKey(each.labels)]))
    series.sort((a, b) => (order.get(a)! < order.get(b)! ? -1 : 1))
    const place = new Map(series.map((each, index) => [each, index]))
    const profiles = [...this.#profiles.values()].sort(
      (a, b) => a.timeMs - b.timeMs || place.get(a.series)! - place.get(b.series)!,
    )
    return { profiles, series, problems: this.#problems, duplicateCount: this.#duplicateCount }
  }

  #decode(bytes: Uint8Array): { readonly facts: HeaderFacts; readonly timeNanos: bigint } {
    // Only to see whether it decodes: what is learnt of one file helps with the next, up to a size.
    if (this.#dictionary.heldBytes > maxScratchBytes) this.#dictionary = new Dictionary()
    const dictionary = this.#dictionary
    const { header, timeNanos } = this.#decoder.decode(bytes, dictionary, new Uint32Array(0))
    return { facts: headerFacts(dictionary.headers[header]!, dictionary), timeNanos }
  }

  #seriesOf(labels: Labels, isTypeGuessed: boolean): PlannedSeries {
    const key = labelsKey(labels)
    let series = this.#series.get(key)
    if (series === undefined) {
      series = {
        labels,
        hash: labelsHash(labels),
        isTypeGuessed,
        profileCount: 0,
        minTimeMs: Number.MAX_SAFE_INTEGER,
        maxTimeMs: 0,
        timeSources: new Set(),
      }
      this.#series.set(key, series)
    }
    return series
  }
}

/** The file's bytes as they are; stdin's were read before. */
export async function readBody(path: string, stdin: Uint8Array | undefined): Promise<Uint8Array> {
  if (path === '-' && stdin !== undefined) return stdin
  return await readFile(path)
}

/** One line for the terminal. */
export function describeSeries(series: PlannedSeries): string {
  return formatLabels(series.labels)
}

function inflate(body: Uint8Array): Uint8Array {
  if (body.length === 0) throw new Error('not a pprof profile: it is empty')
  try {
    return inflatePprof(body, maxInflatedBytes)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isLarge = code === 'ERR_BUFFER_TOO_LARGE'
    throw new Error(
      isLarge ? `more than ${maxInflatedBytes} bytes once inflated` : `not a pprof profile: ${message}`,
      { cause: error },
    )
  }
}

/** As elsewhere: what runs it in Kubernetes, else the job. */
function serviceName(labels: Readonly<Record<string, string>>): string {
  const { service_name: given, namespace, workload, job } = labels
  if (given !== undefined) return given
  if (namespace !== undefined && workload !== undefined) return `${namespace}/${workload}`
  return job ?? workload ?? ''
}

function chooseTime(
  candidates: readonly (readonly [number | undefined, TimeSource])[],
): [number, TimeSource] {
  for (const [timeMs, source] of candidates) if (timeMs !== undefined) return [timeMs, source]
  return [Number.NaN, 'file']
}

const maxTimeMs = Date.UTC(9999, 11, 31)
const maxScratchBytes = 32 * 1024 * 1024
