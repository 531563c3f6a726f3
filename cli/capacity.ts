import { type MeasuredType, measured } from './capacity-measured.ts'

/** What is to be profiled. */
export interface CapacityRequest {
  /** Processes that are scraped. */
  readonly pods: number
  /** Programs, each with symbols of its own. */
  readonly services: number
  readonly intervalMs: number
  readonly profiles: readonly string[]
  /** 0 keeps everything: what a year takes is said then. */
  readonly retentionMs: number
  /** Pods, and what profiles them, are spread over these. */
  readonly zones: number
  /** How long the bucket may be away before a collector stops scraping. */
  readonly outageMs: number
}

export interface ComponentCapacity {
  readonly name: 'operator' | 'collector' | 'compact' | 'query'
  readonly replicas: number
  /** Of each replica; cores on average, bytes at the most. */
  readonly cpuCores: number
  readonly memoryBytes: number
  readonly diskBytes: number
}

export interface Capacity {
  readonly request: CapacityRequest
  readonly profilesPerDay: number
  readonly storage: {
    readonly bytesPerDay: number
    /** After `retentionMs`, with what is not compacted yet. */
    readonly totalBytes: number
    /** The same profiles as gzip files. */
    readonly gzipBytesPerDay: number
  }
  /** Per day; every object is written, read and deleted by the compactor once or twice on its way. */
  readonly requests: {
    readonly puts: number
    readonly gets: number
    readonly lists: number
    readonly deletes: number
    readonly perCollectorHour: number
  }
  readonly traffic: {
    readonly scrapedBytesPerDay: number
    /** Of it, what a cloud charges for: the target is in another zone than its collector. */
    readonly crossZoneBytesPerDay: number
    readonly uploadedBytesPerDay: number
    readonly compactedBytesPerDay: number
  }
  readonly components: readonly ComponentCapacity[]
}

/** Sizes every component for a request. */
export function planCapacity(request: CapacityRequest): Capacity {
  const { pods, services, retentionMs, zones } = request
  const scrapesPerDay = dayMs / request.intervalMs
  const perPod = sumOver(request.profiles)
  const profilesPerDay = pods * scrapesPerDay * request.profiles.length
  const collectors = planCollectors(request, perPod)
  const bytesPerDay =
    pods * scrapesPerDay * perPod.storedBytes + services * measured.perService.symbolBytesPerDay
  const cutsPerDay = collectors.cutsPerHour * 24
  const cutSymbols = collectors.servicesEach * collectors.replicas * measured.perService.symbolBytesPerCut
  const uploadedBytesPerDay = pods * scrapesPerDay * perPod.cutBytes + cutSymbols * cutsPerDay
  const symbolsOfTwoHours = services * measured.perService.symbolBytesPerDay
  const twoHourBytesPerDay = pods * scrapesPerDay * perPod.storedBytes + symbolsOfTwoHours * 12
  // Until a level is merged, and for half an hour more: cut blocks of up to 2 h, blocks of 2 h of up to a day.
  const waitingBytes = uploadedBytesPerDay * (2.5 / 24) + twoHourBytesPerDay * (24.5 / 24)
  const days = (retentionMs === 0 ? 365 * dayMs : retentionMs) / dayMs
  const cutBlocks = collectors.replicas * cutsPerDay
  // What is larger than a block may be is several, in each level.
  const twoHourBlocks = 12 * Math.ceil(twoHourBytesPerDay / 12 / maxBlockBytes)
  const dayBlocks = Math.ceil(bytesPerDay / maxBlockBytes)
  const scrapedBytesPerDay = pods * scrapesPerDay * perPod.wireBytes
  return {
    request,
    profilesPerDay,
    storage: {
      bytesPerDay,
      totalBytes: bytesPerDay * days + waitingBytes,
      gzipBytesPerDay: scrapedBytesPerDay,
    },
    requests: {
      puts: cutBlocks + twoHourBlocks + dayBlocks,
      gets: getsPerSource * (cutBlocks + twoHourBlocks),
      lists: dayMs / compactEveryMs,
      deletes: cutBlocks + twoHourBlocks,
      perCollectorHour: collectors.cutsPerHour,
    },
    traffic: {
      scrapedBytesPerDay,
      crossZoneBytesPerDay: (scrapedBytesPerDay * (zones - 1)) / zones,
      uploadedBytesPerDay,
      compactedBytesPerDay: uploadedBytesPerDay + 2 * twoHourBytesPerDay + bytesPerDay,
    },
    components: [
      {
        name: 'operator',
        replicas: 1,
        cpuCores: 0.02,
        memoryBytes: 64 * 2 ** 20 + pods * measured.operatorMemoryBytesPerPod,
        diskBytes: 0,
      },
      collectors.component,
      {
        name: 'compact',
        replicas: 1,
        cpuCores: (profilesPerDay * measured.compactCpuMs) / dayMs,
        memoryBytes: measured.compactMemoryBytes,
        // Sources and outputs of one merge, the day's being the largest.
        diskBytes: Math.min(twoHourBytesPerDay + bytesPerDay, 2 * maxJobBytes) + 2 ** 30,
      },
      {
        name: 'query',
        replicas: pods > 2000 ? 2 : 1,
        cpuCores: 0.1,
        memoryBytes: measured.queryMemoryBytes,
        // What is asked for is mostly of the last days.
        diskBytes: Math.min(Math.max(3 * bytesPerDay, 2 ** 30), 50 * 2 ** 30),
      },
    ],
  }
}

interface PerPod {
  readonly wireBytes: number
  readonly storedBytes: number
  readonly cutBytes: number
  readonly headBytes: number
  readonly scrapeCpuMs: number
}

/** One scrape of each type. A type that was not measured counts as heap, the largest. */
function sumOver(profiles: readonly string[]): PerPod {
  const sum = { wireBytes: 0, storedBytes: 0, cutBytes: 0, headBytes: 0, scrapeCpuMs: 0 }
  for (const type of profiles) {
    const known = (Object.hasOwn(measured.perProfile, type) ? type : 'heap') as MeasuredType
    const each = measured.perProfile[known]
    for (const key of Object.keys(sum) as (keyof PerPod)[]) sum[key] += each[key]
  }
  return sum
}

/** As few as are not too much for one, by targets, CPU, and how often it has to cut. */
function planCollectors(request: CapacityRequest, perPod: PerPod) {
  for (let replicas = 1; ; replicas++) {
    const each = planCollector(request, perPod, replicas)
    const isEnough =
      request.pods / replicas <= maxPodsPerCollector &&
      each.component.cpuCores <= maxCollectorCores &&
      each.cutsPerHour <= maxCutsPerHour
    if (isEnough || replicas >= request.pods) return { ...each, replicas }
  }
}

function planCollector(request: CapacityRequest, perPod: PerPod, replicas: number) {
  const { pods, services, intervalMs, outageMs } = request
  const targets = pods / replicas
  // Pods of a service go to collectors by a hash each.
  const servicesEach = services * (1 - (1 - 1 / replicas) ** (pods / services))
  const scrapesPerMinute = (targets * 60_000) / intervalMs
  const held = (minutes: number) => ({
    symbols: servicesEach * symbolsHeld(minutes),
    records: scrapesPerMinute * minutes * (perPod.headBytes + 160 * request.profiles.length),
    log: scrapesPerMinute * minutes * perPod.wireBytes,
  })
  let minutes = cutMinutes
  const isTooMuch = (at: number) => {
    const { symbols, records, log } = held(at)
    return (
      symbols > headBounds.symbolBytes ||
      symbols + records > headBounds.headBytes ||
      log > headBounds.logBytes
    )
  }
  while (minutes > 1 && isTooMuch(minutes)) minutes -= 0.5
  const cutsPerHour = 60 / minutes
  const { symbols, records, log } = held(minutes)
  const cutBytesPerDay =
    (targets * dayMs * perPod.cutBytes) / intervalMs +
    servicesEach * measured.perService.symbolBytesPerCut * cutsPerHour * 24
  return {
    cutsPerHour,
    servicesEach,
    component: {
      name: 'collector' as const,
      replicas,
      cpuCores: (scrapesPerMinute * perPod.scrapeCpuMs) / 60_000,
      memoryBytes: measured.idleMemoryBytes + (symbols + records) * measured.memoryPerHeadByte,
      // The log of what is in no block yet and of what is being cut, and blocks that wait for the bucket.
      diskBytes: 2 * log + (cutBytesPerDay * outageMs) / dayMs,
    },
  }
}

function symbolsHeld(minutes: number): number {
  const points = measured.perService.headBytes
  const after = points.findIndex(([at]) => at >= minutes)
  if (after <= 0) return points.at(after)![1]
  const [fromMinutes, fromBytes] = points[after - 1]!
  const [toMinutes, toBytes] = points[after]!
  return fromBytes + ((toBytes - fromBytes) * (minutes - fromMinutes)) / (toMinutes - fromMinutes)
}

const dayMs = 86_400_000
/** When a head is cut early, as collector/storage.ts has it. */
const headBounds = { headBytes: 384 * 2 ** 20, symbolBytes: 256 * 2 ** 20, logBytes: 2 ** 31 }
const cutMinutes = 30
const maxCutsPerHour = 8
const maxPodsPerCollector = 1000
/** One thread scrapes, logs and cuts; beyond this slots are missed when all comes at once. */
const maxCollectorCores = 0.4
const maxBlockBytes = 2 ** 30
/** `--compact.job-size`. */
const maxJobBytes = 4 * 2 ** 30
/** Of the compactor: a source is downloaded in one, or in few. */
const getsPerSource = 2
const compactEveryMs = 5 * 60_000
