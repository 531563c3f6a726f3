import type { PlacedBlock } from './placed-block.ts'

/** Blocks that become one, or a few where one would be too large. */
export interface Job {
  /** `window`: 2 h of a day; `day`: what came of a day; `late`: what came of a day in several goes. */
  readonly kind: 'window' | 'day' | 'late'
  /** Of the outputs: above that of every source. */
  readonly level: number
  /** What the sources lie in, `endMs` not in it. */
  readonly startMs: number
  readonly endMs: number
  readonly sources: readonly PlacedBlock[]
  readonly sizeBytes: number
}

/** For the disk and the memory that a job takes. */
export interface JobLimits {
  /** Of the sources; the disk holds about twice that. */
  readonly maxJobBytes: number
  readonly maxJobSources: number
  /** What is made at most; a block of half of it gains nothing by growing. */
  readonly maxBlockBytes: number
}

export const defaultLimits: JobLimits = {
  maxJobBytes: 4 * 1024 ** 3,
  maxJobSources: 64,
  maxBlockBytes: 1024 ** 3,
}

export interface PlanOptions extends JobLimits {
  readonly nowMs: number
  /** How long after the end of a window its blocks may still come. */
  readonly graceMs: number
  /** For how long no block may have come: a bucket that was away, or an import, brings many in a row. */
  readonly quietMs: number
}

/** As a collector cuts them; a window's; a day's. Whatever is rewritten after that is above. */
export const levels = { cut: 1, window: 2, day: 3 } as const
export const windowMs = 2 * 3_600_000
export const dayMs = 24 * 3_600_000

/**
 * What is to be compacted now, oldest first; no block is in two jobs. `blocks` are those that take part in answers:
 * none that others cover. Blocks of different days never meet, nor does one that lies in two days (of a strange clock).
 */
export function planJobs(blocks: readonly PlacedBlock[], options: PlanOptions): Job[] {
  const inOneDay = blocks.filter(
    (block) => startOf(block.minTimeMs, dayMs) === startOf(block.maxTimeMs, dayMs),
  )
  const days = Map.groupBy(inOneDay, (block) => startOf(block.minTimeMs, dayMs))
  return [...days.entries()]
    .sort(([a], [b]) => a - b)
    .flatMap(([startMs, ofDay]) => planDay(ofDay, startMs, options))
}

function planDay(blocks: readonly PlacedBlock[], startMs: number, options: PlanOptions): Job[] {
  const fresh = blocks.filter(({ level }) => level < levels.day)
  const isOver = startMs + dayMs + options.graceMs <= options.nowMs
  if (!isOver) return planWindows(fresh, options)
  if (fresh.length > 1) {
    if (!isQuiet(fresh, options)) return []
    // Two steps only where one would be too large: each byte that is written twice costs.
    const isOneJob = cutToSize(inTimeOrder(fresh), options).length === 1
    const windows = isOneJob ? [] : planWindows(fresh, options)
    if (windows.length > 0) return windows
    return jobsOf(fresh, { kind: 'day', level: levels.day, startMs, endMs: startMs + dayMs }, options)
  }
  const late = chooseLate(blocks, options)
  if (late.length === 0 || !isQuiet(late, options)) return []
  return jobsOf(late, { kind: 'late', level: levels.day, startMs, endMs: startMs + dayMs }, options)
}

/** One block alone is left for the day. */
function planWindows(fresh: readonly PlacedBlock[], options: PlanOptions): Job[] {
  const cut = fresh.filter(({ level }) => level === levels.cut)
  const windows = Map.groupBy(cut, (block) => startOf(block.minTimeMs, windowMs))
  return [...windows.entries()]
    .sort(([a], [b]) => a - b)
    .flatMap(([startMs, inWindow]) => {
      const endMs = startMs + windowMs
      if (endMs + options.graceMs > options.nowMs || !isQuiet(inWindow, options)) return []
      return jobsOf(inWindow, { kind: 'window', level: levels.window, startMs, endMs }, options)
    })
}

/**
 * What came late is merged into a day's large blocks only once it is together a quarter of them, smallest first: so a
 * straggler costs no gigabyte, each byte is rewritten a few times at most, and the blocks of a day that hold the
 * same series are each four times those before: ten of them would be a million times the first.
 */
function chooseLate(blocks: readonly PlacedBlock[], options: PlanOptions): PlacedBlock[] {
  const small = blocks
    .filter(({ sizeBytes }) => sizeBytes < options.maxBlockBytes / 2)
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes || (a.key < b.key ? -1 : 1))
  for (const [index, first] of small.entries()) {
    const chosen = [first]
    let rest = small.slice(index + 1)
    let sizeBytes = first.sizeBytes
    while (chosen.length < options.maxJobSources) {
      // Parts of one split compaction have nothing to gain from each other.
      const next = rest.find((block) => chosen.some((other) => overlap(other, block)))
      if (next === undefined || sizeBytes * lateShare < next.sizeBytes) break
      if (sizeBytes + next.sizeBytes > options.maxJobBytes) break
      chosen.push(next)
      rest = rest.filter((block) => block !== next)
      sizeBytes += next.sizeBytes
    }
    if (chosen.length > 1) return chosen
  }
  return []
}

const lateShare = 4

function overlap({ partition: a }: PlacedBlock, { partition: b }: PlacedBlock): boolean {
  return a.first <= b.last && b.first <= a.last
}

/** A full job's worth does not wait for more. */
function isQuiet(blocks: readonly PlacedBlock[], { nowMs, quietMs, maxJobSources }: PlanOptions): boolean {
  return blocks.length >= maxJobSources || blocks.every(({ modifiedMs }) => modifiedMs + quietMs <= nowMs)
}

function jobsOf(
  blocks: readonly PlacedBlock[],
  job: Omit<Job, 'sources' | 'sizeBytes'>,
  options: PlanOptions,
): Job[] {
  return cutToSize(inTimeOrder(blocks), options)
    .filter((sources) => sources.length > 1)
    .map((sources) => ({
      ...job,
      level: Math.max(job.level, ...sources.map(({ level }) => level + 1)),
      sources,
      sizeBytes: sumBytes(sources),
    }))
}

/** By time, so that the pods of a program, which share their symbols, stay together. */
function inTimeOrder(blocks: readonly PlacedBlock[]): PlacedBlock[] {
  return blocks.toSorted((a, b) => a.minTimeMs - b.minTimeMs || (a.key < b.key ? -1 : 1))
}

/** Into as few runs as the bounds allow, about equally many blocks each, so that none is left over. */
function cutToSize(blocks: readonly PlacedBlock[], options: PlanOptions): PlacedBlock[][] {
  const least = Math.max(
    1,
    Math.ceil(blocks.length / options.maxJobSources),
    Math.ceil(sumBytes(blocks) / options.maxJobBytes),
  )
  const perRun = Math.ceil(blocks.length / least)
  const runs: PlacedBlock[][] = []
  let sizeBytes = 0
  for (const block of blocks) {
    const run = runs.at(-1)
    if (run === undefined || run.length >= perRun || sizeBytes + block.sizeBytes > options.maxJobBytes) {
      runs.push([block])
      sizeBytes = block.sizeBytes
    } else {
      run.push(block)
      sizeBytes += block.sizeBytes
    }
  }
  return runs
}

function sumBytes(blocks: readonly PlacedBlock[]): number {
  return blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function startOf(timeMs: number, spanMs: number): number {
  return Math.floor(timeMs / spanMs) * spanMs
}
