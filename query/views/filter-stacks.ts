import { Int64Sums } from '../../lib/int64-sums.ts'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { SampleLabel, Symbols } from '../../profile/symbols.ts'
import { filterLocations, locationFlags } from './filter-locations.ts'
import { accumulate } from './net-sums.ts'
import { optionRegex } from './option-regex.ts'
import { overlaySymbols, type SymbolsOverlay } from './overlay-symbols.ts'
import { sampleTags, tagUnits } from './sample-tags.ts'
import { tagFilter } from './tag-filter.ts'
import type { ViewOptions } from './view-options.ts'

/** All sides, still in one dictionary, and what of the options matched nothing. */
export interface FilteredSides {
  readonly sides: readonly MergedProfile[]
  readonly warnings: readonly string[]
}

/**
 * Applies focus, ignore, hide, show, show_from, the tag filters and prune_from, in pprof's order. Sample keys keep
 * their numbers: one that is left out is zero in every column, and others may lead to a shorter stack.
 */
export function filterStacks(sides: readonly MergedProfile[], options: ViewOptions): FilteredSides {
  const { symbols } = sides[0]!
  const { focus, ignore, hide, show, showFrom, pruneFrom, noInlines } = options
  const hasNames = [focus, ignore, hide, show].some((pattern) => isGiven(pattern))
  const hasFrames = hasNames || isGiven(showFrom) || isGiven(pruneFrom) || noInlines === true
  const { tagFocus, tagIgnore, tagShow, tagHide } = options
  const hasTags = [tagFocus, tagIgnore, tagShow, tagHide].some((pattern) => isGiven(pattern))
  if (!hasFrames && !hasTags) return { sides, warnings: [] }

  const isLive = liveKeys(sides, symbols)
  const overlay: Mutable<SymbolsOverlay> = {}
  const warnings: string[] = []
  if (hasFrames) {
    const { isUsed, isWanted } = usedLocations(symbols, isLive)
    const { flags, lines } = filterLocations(symbols, options, isWanted)
    Object.assign(overlay, lines)
    const stacks = shortenStacks(symbols, flags, { isUsed, hasShowFrom: isGiven(showFrom) })
    const keyNode = symbols.keyNode.slice(0, symbols.keyCount)
    for (let key = 0; key < symbols.keyCount; key++) {
      if (isLive[key] === 0) continue
      const node = keyNode[key]!
      const isOut = hasNames && (stacks.flags[node]! & (locationFlags.focused | locationFlags.ignored)) !== 1
      const shortened = isGiven(pruneFrom) ? stacks.prunedNode(node) : stacks.node[node]!
      keyNode[key] = shortened
      if (isOut || (shortened === 0 && (hasNames || isGiven(showFrom)))) isLive[key] = 0
    }
    overlay.keyNode = keyNode
    overlay.nodeParent = stacks.parent
    let all = 0
    for (const flag of flags) all |= flag
    const miss = (name: string, pattern: string | undefined, flag: number): void => {
      if (isGiven(pattern) && (all & flag) === 0)
        warnings.push(`${name} ${JSON.stringify(pattern)} matches no frame`)
    }
    miss('focus', focus, locationFlags.focused)
    miss('ignore', ignore, locationFlags.ignored)
    miss('hide', hide, locationFlags.hideMatched)
    miss('show', show, locationFlags.showMatched)
    miss('show_from', showFrom, locationFlags.showFrom)
    miss('prune_from', pruneFrom, locationFlags.pruneFrom)
  }
  if (hasTags) {
    const found = filterTags(sides, options, isLive)
    warnings.push(...found.warnings)
    Object.assign(overlay, found.overlay)
  }
  const filtered = overlaySymbols(symbols, overlay)
  return {
    sides: sides.map((side) => ({
      ...side,
      symbols: filtered,
      values: side.values.map((column) => keep(column, isLive)),
    })),
    warnings,
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function isGiven(pattern: string | undefined): boolean {
  return pattern !== undefined && pattern !== ''
}

/** Keys that any column of any side has a value of. */
function liveKeys(sides: readonly MergedProfile[], { keyCount }: Symbols): Uint8Array {
  const isLive = new Uint8Array(keyCount)
  for (const { values } of sides)
    for (const column of values) {
      const length = Math.min(column.length, keyCount)
      for (let key = 0; key < length; key++) if (isLive[key] === 0 && !column.isZero(key)) isLive[key] = 1
    }
  return isLive
}

function usedLocations(symbols: Symbols, isLive: Uint8Array) {
  const isUsed = new Uint8Array(symbols.nodeCount)
  const isWanted = new Uint8Array(symbols.locationCount)
  for (let key = 0; key < symbols.keyCount; key++) {
    if (isLive[key] === 0) continue
    // Ancestors of a used node are used already.
    for (
      let node = symbols.keyNode[key]!;
      node !== 0 && isUsed[node] === 0;
      node = symbols.nodeParent[node]!
    ) {
      isUsed[node] = 1
      isWanted[symbols.nodeLocation[node]!] = 1
    }
  }
  return { isUsed, isWanted }
}

/**
 * Per stack node: `node` is the nearest one from there outwards that is left, `parent` the next one further out, and
 * `flags` what the locations up to the root say together.
 */
function shortenStacks(
  symbols: Symbols,
  locations: Uint8Array,
  { isUsed, hasShowFrom }: { readonly isUsed: Uint8Array; readonly hasShowFrom: boolean },
) {
  const { nodeCount, nodeParent, nodeLocation } = symbols
  const flags = new Uint8Array(nodeCount)
  const node = new Uint32Array(nodeCount)
  const parent = new Uint32Array(nodeCount)
  const pruned = new Uint32Array(nodeCount)
  const { hidden, showFrom, pruneFrom } = locationFlags
  for (let at = 1; at < nodeCount; at++) {
    if (isUsed[at] === 0) continue
    const above = nodeParent[at]!
    const own = locations[nodeLocation[at]!]!
    const isHidden = (own & hidden) !== 0
    const flag = flags[above]! | (isHidden ? own & ~showFrom : own)
    flags[at] = flag
    const isLeft = !isHidden && (!hasShowFrom || (flag & showFrom) !== 0)
    parent[at] = node[above]!
    node[at] = isLeft ? at : node[above]!
    pruned[at] = isLeft && (own & pruneFrom) !== 0 ? at : pruned[above]!
  }
  return {
    flags,
    node,
    parent,
    /** The innermost node that prune_from matches, else the stack as it is. */
    prunedNode: (at: number): number => pruned[at]! || node[at]!,
  }
}

function filterTags(sides: readonly MergedProfile[], options: ViewOptions, isLive: Uint8Array) {
  const { symbols } = sides[0]!
  const { keyCount, keyLabelSet, labelSetCount } = symbols
  const focus = tagFilter('tagfocus', options.tagFocus)
  const ignore = tagFilter('tagignore', options.tagIgnore)
  const show = optionRegex('tagshow', options.tagShow)
  const hide = optionRegex('taghide', options.tagHide)
  const units = tagUnits(sides)
  /** Per label set: 0 not asked yet, 1 out, 2 in. */
  const verdict = new Uint8Array(labelSetCount)
  let isAny = false
  let isFocused = false
  let isIgnored = false
  for (let key = 0; key < keyCount; key++) {
    if (isLive[key] === 0) continue
    isAny = true
    const labelSet = keyLabelSet[key]!
    if (verdict[labelSet] === 0) {
      const tags = sampleTags(symbols, labelSet)
      const focused = focus?.(tags, units) ?? true
      const ignored = ignore?.(tags, units) ?? false
      isFocused ||= focused
      isIgnored ||= ignored
      verdict[labelSet] = focused && !ignored ? 2 : 1
    }
    if (verdict[labelSet] === 1) isLive[key] = 0
  }
  const warnings: string[] = []
  if (focus !== undefined && isAny && !isFocused)
    warnings.push(`tagfocus ${JSON.stringify(options.tagFocus)} matches no sample`)
  if (ignore !== undefined && isAny && !isIgnored)
    warnings.push(`tagignore ${JSON.stringify(options.tagIgnore)} matches no sample`)
  if (show === undefined && hide === undefined) return { overlay: {}, warnings }

  const isShown = (name: string): boolean => (show?.(name) ?? true) && !(hide?.(name) ?? false)
  const known = new Map<number, readonly SampleLabel[]>()
  const labelSet = (index: number): readonly SampleLabel[] => {
    let labels = known.get(index)
    if (labels === undefined) {
      labels = symbols.labelSet(index).filter(({ name }) => isShown(symbols.string(name)))
      known.set(index, labels)
    }
    return labels
  }
  return { overlay: { labelSet }, warnings }
}

function keep(column: Int64Sums, isLive: Uint8Array): Int64Sums {
  const kept = new Int64Sums(column.length)
  for (let key = 0; key < column.length; key++) {
    if (isLive[key] === 1 && !column.isZero(key)) accumulate(kept, key, column, key)
  }
  return kept
}
