import { Int64Sums } from '../../lib/int64-sums.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { Symbols } from '../../profile/symbols.ts'
import { bareLocationName, functionName } from './frame-names.ts'
import { accumulate } from './net-sums.ts'

/** A file as speedscope reads it: its own schema, `https://www.speedscope.app/file-format-schema.json`. */
export interface SpeedscopeFile {
  readonly $schema: 'https://www.speedscope.app/file-format-schema.json'
  readonly name: string
  readonly exporter: 'conprof'
  readonly activeProfileIndex: 0
  readonly shared: { readonly frames: readonly SpeedscopeFrame[] }
  readonly profiles: readonly SpeedscopeProfile[]
}

export interface SpeedscopeFrame {
  readonly name: string
  readonly file?: string
  /** Where the function begins. */
  readonly line?: number
}

export interface SpeedscopeProfile {
  readonly type: 'sampled'
  readonly name: string
  readonly unit: 'nanoseconds' | 'microseconds' | 'milliseconds' | 'seconds' | 'bytes' | 'none'
  readonly startValue: 0
  readonly endValue: number
  /** Indices of frames, outermost first. */
  readonly samples: readonly (readonly number[])[]
  readonly weights: readonly number[]
}

/**
 * One sampled profile for each of `sides`, which may be of different dictionaries. Weights are JSON numbers: beyond 2^53
 * they are rounded.
 */
export function speedscope(
  sides: readonly { readonly name: string; readonly merged: MergedProfile; readonly sampleType: number }[],
): SpeedscopeFile {
  const frames = new Frames()
  const profiles = sides.map(({ name, merged, sampleType }): SpeedscopeProfile => {
    const { type, unit } = merged.sampleTypes[sampleType]!
    const { samples, weights } = samplesOf(merged, sampleType, frames)
    return {
      type: 'sampled',
      name: name === '' ? type : `${name}: ${type}`,
      unit: units.get(unit) ?? 'none',
      startValue: 0,
      endValue: weights.reduce((sum, weight) => sum + weight, 0),
      samples,
      weights,
    }
  })
  return {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name: sides.map(({ name }) => name).find((name) => name !== '') ?? profiles[0]?.name ?? '',
    exporter: 'conprof',
    activeProfileIndex: 0,
    shared: { frames: frames.list },
    profiles,
  }
}

const units: ReadonlyMap<string, SpeedscopeProfile['unit']> = new Map([
  ['nanoseconds', 'nanoseconds'],
  ['microseconds', 'microseconds'],
  ['milliseconds', 'milliseconds'],
  ['seconds', 'seconds'],
  ['bytes', 'bytes'],
])

/** One sample per distinct stack: samples that differ in their labels alone are one. */
function samplesOf(merged: MergedProfile, sampleType: number, frames: Frames) {
  const { symbols } = merged
  const values = merged.values[sampleType]!
  const perNode = new Int64Sums(symbols.nodeCount)
  for (let key = 0; key < Math.min(values.length, symbols.keyCount); key++)
    if (!values.isZero(key)) accumulate(perNode, symbols.keyNode[key]!, values, key)
  const samples: number[][] = []
  const weights: number[] = []
  const ofLocation = frames.of(symbols)
  // The empty stack, node 0, may have a value too.
  for (let node = 0; node < symbols.nodeCount; node++) {
    if (perNode.isZero(node)) continue
    const stack: number[] = []
    for (let at = node; at !== 0; at = symbols.nodeParent[at]!)
      stack.push(...ofLocation(symbols.nodeLocation[at]!))
    samples.push(stack.reverse())
    weights.push(perNode.getNumber(node))
  }
  return { samples, weights }
}

class Frames {
  readonly list: SpeedscopeFrame[] = []
  readonly #places = new Map<string, number>()

  /** Frames of a location, innermost first. */
  of(symbols: Symbols): (location: number) => readonly number[] {
    const known = new Map<number, readonly number[]>()
    return (location) => {
      let frames = known.get(location)
      if (frames === undefined) {
        frames = this.#framesOf(symbols, location)
        known.set(location, frames)
      }
      return frames
    }
  }

  #framesOf(symbols: Symbols, location: number): number[] {
    const first = symbols.locationLines[location]!
    const end = symbols.locationLines[location + 1]!
    if (first === end) return [this.#place({ name: bareLocationName(symbols, location) })]
    const frames: number[] = []
    for (let line = first; line < end; line++) {
      const index = symbols.lineFunction[line]!
      const file = symbols.string(symbols.functionFile[index]!)
      const startLine = symbols.functionStartLine[index]!
      frames.push(
        this.#place({
          name: functionName(symbols, index),
          ...(file === '' ? {} : { file }),
          ...(startLine === 0 ? {} : { line: startLine }),
        }),
      )
    }
    return frames
  }

  #place(frame: SpeedscopeFrame): number {
    const key = `${frame.name}\0${frame.file ?? ''}\0${frame.line ?? 0}`
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.list.push(frame) - 1
      this.#places.set(key, place)
    }
    return place
  }
}
