import type { Symbols } from '../../profile/symbols.ts'
import { optionRegex } from './option-regex.ts'
import { functionNameString, SymbolMatcher } from './symbol-matcher.ts'
import type { ViewOptions } from './view-options.ts'
import { withoutArguments } from './without-arguments.ts'

export const locationFlags = {
  focused: 1,
  ignored: 2,
  /** No line is left, by hide or by show. */
  hidden: 4,
  showFrom: 8,
  pruneFrom: 16,
  /** Whether hide or show matched any line, for warnings. */
  hideMatched: 32,
  showMatched: 64,
} as const

/** What the filters of frames say of each location, and which of its lines they leave. */
export interface FilteredLocations {
  /** `locationFlags`; locations that no stack asked for have none. */
  readonly flags: Uint8Array
  /** Undefined where every line stays. */
  readonly lines: Pick<Symbols, 'locationLines' | 'lineFunction' | 'lineNumber'> | undefined
}

/**
 * The order is pprof's: focus and ignore see all lines, hide takes away, then show, show_from and prune_from each see
 * what the one before left. Inlined frames go last.
 */
export function filterLocations(
  symbols: Symbols,
  options: ViewOptions,
  isWanted: Uint8Array,
): FilteredLocations {
  const matcher = (parameter: string, pattern: string | undefined): SymbolMatcher | undefined => {
    const test = optionRegex(parameter, pattern)
    return test === undefined ? undefined : new SymbolMatcher(symbols, test)
  }
  const focus = matcher('focus', options.focus)
  const ignore = matcher('ignore', options.ignore)
  const hide = matcher('hide', options.hide)
  const show = matcher('show', options.show)
  const showFrom = matcher('show_from', options.showFrom)
  const pruneFrom = pruneMatcher(symbols, options.pruneFrom)
  const isShortened = [hide, show, showFrom, pruneFrom].some((each) => each !== undefined)
  const changesLines = isShortened || options.noInlines === true

  const { locationCount, locationLines, locationMapping, lineFunction, lineNumber } = symbols
  const flags = new Uint8Array(locationCount)
  const starts = new Uint32Array(locationCount + 1)
  const kept: number[] = []
  for (let location = 0; location < locationCount; location++) {
    if (isWanted[location] === 1) {
      const mapping = locationMapping[location]!
      let lines: number[] = []
      for (let line = locationLines[location]!; line < locationLines[location + 1]!; line++) lines.push(line)
      const matchesLine = (matcher: SymbolMatcher, line: number): boolean => {
        const index = lineFunction[line]!
        return index > 0 && index < symbols.functionCount && matcher.matchesFunction(index)
      }
      const matches = (matcher: SymbolMatcher): boolean =>
        lines.some((line) => matchesLine(matcher, line)) || matcher.matchesMapping(mapping)
      let flag = 0
      if (ignore !== undefined && matches(ignore)) flag |= locationFlags.ignored
      else if (focus === undefined || matches(focus)) flag |= locationFlags.focused
      if (hide !== undefined && matches(hide)) {
        flag |= locationFlags.hideMatched
        lines = hide.matchesMapping(mapping) ? [] : lines.filter((line) => !matchesLine(hide, line))
        if (lines.length === 0) flag |= locationFlags.hidden
      }
      if (show !== undefined) {
        if (!show.matchesMapping(mapping))
          lines = lines.filter((line) => !isFunction(symbols, line) || matchesLine(show, line))
        flag |= lines.length === 0 ? locationFlags.hidden : locationFlags.showMatched
      }
      if (showFrom !== undefined) {
        const last = lines.findLastIndex((line) => matchesLine(showFrom, line))
        if (showFrom.matchesMapping(mapping)) flag |= locationFlags.showFrom
        else if (last >= 0) {
          flag |= locationFlags.showFrom
          lines = lines.slice(0, last + 1)
        }
      }
      if (pruneFrom !== undefined) {
        const first = lines.findIndex((line) => isFunction(symbols, line) && pruneFrom(lineFunction[line]!))
        if (first >= 0) {
          flag |= locationFlags.pruneFrom
          lines = lines.slice(first)
        }
      }
      if (options.noInlines === true) lines = lines.slice(-1)
      flags[location] = flag
      if (changesLines) kept.push(...lines)
    }
    starts[location + 1] = kept.length
  }
  if (!changesLines) return { flags, lines: undefined }
  return {
    flags,
    lines: {
      locationLines: starts,
      lineFunction: Uint32Array.from(kept, (line) => lineFunction[line]!),
      lineNumber: Float64Array.from(kept, (line) => lineNumber[line]!),
    },
  }
}

function isFunction({ lineFunction, functionCount }: Symbols, line: number): boolean {
  const index = lineFunction[line]!
  return index > 0 && index < functionCount
}

/** prune_from sees names alone, without arguments; functions without a name never match. */
function pruneMatcher(
  symbols: Symbols,
  pattern: string | undefined,
): ((functionIndex: number) => boolean) | undefined {
  const test = optionRegex('prune_from', pattern)
  if (test === undefined) return undefined
  const matcher = new SymbolMatcher(symbols, (name) => test(withoutArguments(name)))
  return (index) => functionNameString(symbols, index) !== 0 && matcher.matchesName(index)
}
