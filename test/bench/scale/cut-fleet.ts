import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { BlockBuilder } from '../../../block/block-builder.ts'
import { createBlockBuilder } from '../../../block/create-block-builder.ts'
import { Dictionary } from '../../../profile/dictionary.ts'
import type { CorpusSeries } from '../corpus.ts'
import {
  type FleetParameters,
  hourMs,
  labelsOf,
  minuteMs,
  type PlannedPod,
  type PlannedScrape,
  profileTypes,
  scrapesBetween,
  walk,
} from './fleet-plan.ts'
import { NoisyProfile } from './noisy-profile.ts'
import { hash32 } from './random.ts'

/** What went in, by `program/type`. */
export interface TypeTotals {
  profiles: number
  rawBytes: number
  /** As the program itself sent them, before noise. */
  recordedGzipBytes: number
  /** Of the profiles that were also compressed here, with noise. */
  sampledRawBytes: number
  sampledGzipBytes: number
  noiseBits: number
}

/** What one collector cut in one window. */
export interface Window {
  /** Keys below `blocks/`. */
  readonly blocks: readonly { readonly key: string; readonly sizeBytes: number }[]
  readonly attempts: number
  readonly totals: Readonly<Record<string, TypeTotals>>
  /** CPU of the thread, from bodies to blocks. */
  readonly appendSeconds: number
  readonly encodeSeconds: number
  readonly headBytes: number
}

export interface CutFleetOptions {
  readonly parameters: FleetParameters
  readonly collector: number
  readonly pods: readonly PlannedPod[]
  readonly corpus: readonly CorpusSeries[]
  /** Gets `blocks/` and a file for each window that is done. */
  readonly directory: string
  readonly onWindow: (window: Window) => void
}

/** How often a collector cuts. */
export const windowMs = 30 * minuteMs
/** One in so many profiles is compressed with gzip as well. */
const sampleEvery = 40
/** As collector/storage.ts has them. */
const maxHeadBytes = 384 << 20
const maxSymbolBytes = 256 << 20

/** Everything that one collector scrapes and cuts; what an earlier run did is not done again. */
export function cutFleet(options: CutFleetOptions): void {
  const { parameters, collector, directory } = options
  const pods = options.pods.filter((pod) => pod.collector === collector)
  if (pods.length === 0) return
  const recorded = new Recorded(options.corpus)
  const endMs = parameters.startMs + parameters.hours * hourMs
  let seq = 0
  for (let fromMs = parameters.startMs; fromMs < endMs; fromMs += windowMs) {
    const done = join(directory, `window-${collector}-${fromMs}.json`)
    if (!existsSync(done)) {
      const scrapes = scrapesBetween(pods, fromMs, Math.min(fromMs + windowMs, endMs))
      const window = cutWindow(options, { scrapes, recorded, seq })
      writeWhole(done, JSON.stringify(window))
    }
    const window = JSON.parse(readFileSync(done, 'utf8')) as Window
    seq += window.attempts
    options.onWindow(window)
  }
}

function cutWindow(
  { parameters, collector, directory }: CutFleetOptions,
  from: { readonly scrapes: readonly PlannedScrape[]; readonly recorded: Recorded; readonly seq: number },
): Window {
  const totals: Record<string, TypeTotals> = {}
  const blocks: { key: string; sizeBytes: number }[] = []
  const seconds = { append: 0, encode: 0 }
  let headBytes = 0
  let builder: BlockBuilder = createBlockBuilder()
  const cut = () => {
    headBytes = Math.max(headBytes, builder.heldBytes)
    seconds.encode += cpuSeconds(() => {
      const encoded = builder.encode({ compression: 'dense' })
      if (encoded === undefined) return
      writeWhole(join(directory, 'blocks', encoded.key), encoded.bytes)
      blocks.push({ key: encoded.key, sizeBytes: encoded.bytes.length })
    })
    builder = createBlockBuilder()
  }
  // Some at a time: all bodies of a window would be a lot of memory.
  for (let at = 0; at < from.scrapes.length; at += 200) {
    const some = from.scrapes.slice(at, at + 200)
    const bodies = some.map((scrape) => bodyOf(scrape, { parameters, recorded: from.recorded, totals }))
    seconds.append += cpuSeconds(() => {
      for (const [i, { life, type, timeMs, durationMs }] of some.entries()) {
        const { process } = life
        const attempt = { timeMs, durationMs, health: 'ok', httpStatus: 200, body: bodies[i]! } as const
        builder.append(
          { ...attempt, labels: labelsOf(life, type), process },
          { writer: `bench-${collector}`, seq: from.seq + at + i },
        )
      }
    })
    if (builder.heldBytes >= maxHeadBytes || builder.symbolBytes >= maxSymbolBytes) cut()
  }
  cut()
  const { append: appendSeconds, encode: encodeSeconds } = seconds
  return { blocks, attempts: from.scrapes.length, totals, appendSeconds, encodeSeconds, headBytes }
}

function bodyOf(
  { pod, life, type, timeMs, turn }: PlannedScrape,
  to: {
    readonly parameters: FleetParameters
    readonly recorded: Recorded
    readonly totals: Record<string, TypeTotals>
  },
): Uint8Array {
  const { noise, seed, step = 1 } = to.parameters
  const name = `${pod.program}/${type}`
  const series = to.recorded.get(name)
  const recorded = series[walk(life.seed, turn * step, series.length)]!
  const typeSeed = profileTypes.indexOf(type)
  const body = recorded.profile.write({
    noise,
    seed: noise === 'each' ? hash32(seed, life.seed, turn, typeSeed) : hash32(seed, life.seed, typeSeed),
    // As far behind the start of the scrape as it was when it was recorded.
    timeNanos:
      BigInt(timeMs) * 1_000_000n + recorded.profile.timeNanos - BigInt(recorded.timeMs) * 1_000_000n,
  })
  to.totals[name] ??= {
    profiles: 0,
    rawBytes: 0,
    recordedGzipBytes: 0,
    sampledRawBytes: 0,
    sampledGzipBytes: 0,
    noiseBits: 0,
  }
  const total = to.totals[name]
  total.profiles++
  total.rawBytes += body.length
  total.recordedGzipBytes += recorded.gzipBytes
  if (noise === 'each') total.noiseBits += recorded.profile.noiseBits
  if (total.profiles === 1 || hash32(seed, life.seed, turn, typeSeed, 31) % sampleEvery === 0) {
    total.sampledRawBytes += body.length
    total.sampledGzipBytes += gzipSync(body, { level: 1 }).length
  }
  return body
}

interface RecordedProfile {
  readonly profile: NoisyProfile
  readonly timeMs: number
  readonly gzipBytes: number
}

/** The corpus, taken apart once it is asked for. */
class Recorded {
  readonly #corpus: readonly CorpusSeries[]
  readonly #series = new Map<string, readonly RecordedProfile[]>()
  readonly #dictionaries = new Map<string, Dictionary>()

  constructor(corpus: readonly CorpusSeries[]) {
    this.#corpus = corpus
  }

  get(name: string): readonly RecordedProfile[] {
    const known = this.#series.get(name)
    if (known !== undefined) return known
    const series = this.#corpus.find(({ program, type }) => `${program}/${type}` === name)
    if (series === undefined) throw new Error(`the corpus has no "${name}"`)
    const dictionary = this.#dictionaries.get(series.program) ?? new Dictionary()
    this.#dictionaries.set(series.program, dictionary)
    const profiles = series.profiles.map(({ timeMs, body }) => ({
      profile: new NoisyProfile(gunzipSync(body), dictionary),
      timeMs,
      gzipBytes: body.length,
    }))
    this.#series.set(name, profiles)
    return profiles
  }
}

function cpuSeconds(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1e6
}

/** Is there whole, or not at all. */
function writeWhole(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.tmp`, content)
  renameSync(`${path}.tmp`, path)
}
