import type { FlameLevels } from './flame-levels.ts'
import type { ProfileTypeId } from './profile-type-id.ts'
import type { PlottedPoint } from './select-series.ts'

/** The older form of a flame graph, with plain numbers: above 2^53 they are rounded. */
export interface Flamebearer {
  readonly version: 1
  readonly flamebearer: {
    readonly names: readonly string[]
    readonly levels: readonly (readonly number[])[]
    readonly numTicks: number
    readonly maxSelf: number
  }
  readonly metadata: {
    /** `double` has seven numbers to a node, those of two sides. */
    readonly format: 'single' | 'double'
    readonly spyName: ''
    /** What a second is, where units are `samples`. */
    readonly sampleRate: number
    readonly units: string
    readonly name: string
  }
  readonly leftTicks?: number
  readonly rightTicks?: number
}

export function flamebearer(graph: FlameLevels, id: ProfileTypeId): Flamebearer {
  const [left = 0n, right] = graph.ticks
  return {
    version: 1,
    flamebearer: {
      names: graph.names,
      levels: graph.levels.map((level) => level.map(Number)),
      numTicks: Number(graph.total),
      maxSelf: Number(graph.maxSelf),
    },
    metadata: {
      format: right === undefined ? 'single' : 'double',
      spyName: '',
      ...unitsOf(id),
      name: id.sampleType,
    },
    ...(right === undefined ? {} : { leftTicks: Number(left), rightTicks: Number(right) }),
  }
}

function unitsOf({ sampleType, sampleUnit }: ProfileTypeId): {
  readonly units: string
  readonly sampleRate: number
} {
  if (sampleType === 'cpu') return { units: 'samples', sampleRate: 1_000_000_000 }
  if (sampleType === 'contentions') return { units: 'lock_samples', sampleRate: 100 }
  if (sampleType === 'delay') return { units: 'lock_nanoseconds', sampleRate: 100 }
  return { units: sampleUnit === 'count' ? 'objects' : sampleUnit, sampleRate: 100 }
}

export interface Timeline {
  /** Unix seconds. */
  readonly startTime: number
  /** One per step from then on; 0 where nothing is known. */
  readonly samples: readonly number[]
  /** Seconds. */
  readonly durationDelta: number
  readonly watermarks: null
}

export function timeline(
  points: readonly PlottedPoint[],
  { startMs, endMs, stepMs }: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
): Timeline {
  const samples = new Array<number>(Math.max(1, Math.floor((endMs - startMs) / stepMs))).fill(0)
  for (const { timeMs, value } of points) {
    const step = Math.ceil((timeMs - startMs) / stepMs) - 1
    if (step >= 0 && step < samples.length) samples[step] = value
  }
  return { startTime: Math.floor(startMs / 1000), samples, durationDelta: stepMs / 1000, watermarks: null }
}
