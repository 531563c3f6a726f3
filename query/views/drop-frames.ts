import { RE2JS } from 're2js'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { Symbols } from '../../profile/symbols.ts'
import { overlaySymbols, type SymbolsOverlay } from './overlay-symbols.ts'
import { withoutArguments } from './without-arguments.ts'

/** A profile, and what it is compared with; both of one dictionary. */
interface Sides {
  readonly profile: MergedProfile
  readonly base?: MergedProfile
  readonly warnings: readonly string[]
}

/**
 * Without the frames that profiles themselves call uninteresting, such as an allocator's own: from `drop_frames` on,
 * which are not among `keep_frames`, towards the leaf. As `RemoveUninteresting` of google/pprof's profile/prune.go,
 * which every report of `go tool pprof` begins with; of several profiles what the first says counts. An expression
 * that cannot be read drops nothing, and is a warning.
 */
export function withoutDroppedFrames<Given extends Sides>(sides: Given): Given {
  const { profile, base, warnings } = sides
  const { dropFrames, keepFrames } = profile
  if (dropFrames === '') return sides
  let isDropped: (name: string) => boolean
  try {
    const drop = wholeName('drop_frames', dropFrames)
    const keep = keepFrames === '' ? undefined : wholeName('keep_frames', keepFrames)
    isDropped = (name) => drop.test(name) && keep?.test(name) !== true
  } catch (error) {
    return { ...sides, warnings: [...warnings, `no frames were dropped: ${(error as Error).message}`] }
  }
  const overlay = dropped(profile.symbols, isDropped)
  if (overlay === undefined) return sides
  const symbols = overlaySymbols(profile.symbols, overlay)
  return {
    ...sides,
    profile: { ...profile, symbols },
    ...(base !== undefined && { base: { ...base, symbols } }),
  }
}

function wholeName(field: string, pattern: string): RE2JS {
  try {
    return RE2JS.compile(`^(${pattern})$`)
  } catch (error) {
    const why = (error as Error).message
    throw new Error(`${field} of the profile ${JSON.stringify(pattern)}: ${why}`, { cause: error })
  }
}

const locationFlags = { wholly: 1, partly: 2 } as const

/** Undefined where no function is meant. */
function dropped(symbols: Symbols, isDropped: (name: string) => boolean): SymbolsOverlay | undefined {
  const isMeant = meantFunctions(symbols, isDropped)
  if (isMeant === undefined) return undefined
  const { locationCount, locationLines, lineFunction, lineNumber } = symbols
  const flags = new Uint8Array(locationCount)
  const starts = new Uint32Array(locationCount + 1)
  const kept: number[] = []
  for (let location = 0; location < locationCount; location++) {
    const first = locationLines[location]!
    const end = locationLines[location + 1]!
    let line = end - 1
    while (line >= first && isMeant[lineFunction[line]!] !== 1) line--
    if (line >= first) flags[location] = line === end - 1 ? locationFlags.wholly : locationFlags.partly
    // Of one that goes wholly the lines stay, for stacks that have nothing else.
    for (let each = flags[location] === locationFlags.partly ? line + 1 : first; each < end; each++)
      kept.push(each)
    starts[location + 1] = kept.length
  }
  return {
    keyNode: cutKeys(symbols, flags),
    locationLines: starts,
    lineFunction: Uint32Array.from(kept, (line) => lineFunction[line]!),
    lineNumber: Float64Array.from(kept, (line) => lineNumber[line]!),
  }
}

/** Per function 1 where its name is meant; undefined where none is. */
function meantFunctions(symbols: Symbols, isDropped: (name: string) => boolean): Uint8Array | undefined {
  const { functionCount, functionName } = symbols
  const isMeant = new Uint8Array(functionCount)
  let count = 0
  for (let index = 1; index < functionCount; index++) {
    const name = symbols.string(functionName[index]!)
    if (name === '' || !isDropped(withoutArguments(name))) continue
    isMeant[index] = 1
    count++
  }
  return count === 0 ? undefined : isMeant
}

/** Stacks end at the outermost frame that is dropped, unless nothing else came before it. */
function cutKeys(symbols: Symbols, flags: Uint8Array): Uint32Array {
  const { nodeCount, nodeParent, nodeLocation, keyCount, keyNode } = symbols
  /** Whether a frame that stays is among them. */
  const hasOwn = new Uint8Array(nodeCount)
  /** The node that a stack is cut to; 0 where it is whole. */
  const cutTo = new Uint32Array(nodeCount)
  for (let node = 1; node < nodeCount; node++) {
    const parent = nodeParent[node]!
    const flag = flags[nodeLocation[node]!]!
    hasOwn[node] = flag === 0 ? 1 : hasOwn[parent]!
    if (cutTo[parent] !== 0) cutTo[node] = cutTo[parent]!
    else if (flag !== 0 && hasOwn[parent] === 1) cutTo[node] = flag === locationFlags.wholly ? parent : node
  }
  const cut = new Uint32Array(keyCount)
  for (let key = 0; key < keyCount; key++) cut[key] = cutTo[keyNode[key]!]! || keyNode[key]!
  return cut
}
