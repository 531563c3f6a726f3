import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { Granularity } from '../api/view-types.ts'
import { optionRegex, ViewOptionError } from './option-regex.ts'
import { tagFilter } from './tag-filter.ts'

/**
 * What may be asked of a view, under pprof's names and with pprof's meaning. Plain data: it is sent to other threads.
 * Regular expressions are RE2 and match anywhere in a text. Those of frames are tried on a function's name, on its
 * file and on the file it is mapped from.
 */
export interface ViewOptions {
  /** Only stacks with a frame that matches. */
  readonly focus?: string | undefined
  /** No stack with a frame that matches. */
  readonly ignore?: string | undefined
  /** Frames that match are taken out of their stacks. */
  readonly hide?: string | undefined
  /** All others are. */
  readonly show?: string | undefined
  /** Stacks begin at their outermost frame that matches; those without one are left out. */
  readonly showFrom?: string | undefined
  /** Stacks end at their innermost frame whose function matches. */
  readonly pruneFrom?: string | undefined
  /** `regex,regex…`, `key=regex,regex…`, or a range of numbers: `32kb`, `32kb:`, `:64kb`, `32kb:64kb`, `key=32kb:`. */
  readonly tagFocus?: string | undefined
  readonly tagIgnore?: string | undefined
  /** Which keys of labels stay on samples. */
  readonly tagShow?: string | undefined
  readonly tagHide?: string | undefined
  /** `functions` unless given; `format=source` has lines whatever it says. */
  readonly granularity?: Granularity | undefined
  /** Frames that were inlined count as the function they were inlined into. */
  readonly noInlines?: boolean | undefined
  /** With a base: the profile is scaled to the base's total, sample by sample and rounded, as pprof does. */
  readonly normalize?: boolean | undefined
  /** `flat` unless given; for a peek `cum`. */
  readonly sort?: 'flat' | 'cum' | undefined
  /** How many nodes a graph or a tree has: 80 unless given; 0 is all. A table has all unless given. */
  readonly nodeCount?: number | undefined
  /** Nodes whose cum is below this share of the total are left out: 0.005 for graph and tree, else 0. */
  readonly nodeFraction?: number | undefined
  /** As for edges: 0.001. */
  readonly edgeFraction?: number | undefined
  /** Which nodes `peek` tells of, by the name they are shown under. Without it: those a graph would have. */
  readonly peek?: string | undefined
  /** Which functions `source` tells of, by name; all without it. */
  readonly list?: string | undefined
  /** A flame graph has no more rows than this, but for one row per parent that stands for the rest. */
  readonly maxNodes?: number | undefined
  /** Only the part of the flame graph at and below this path: 16 hex digits of a `rest`. */
  readonly path?: string | undefined
}

/** A view's options and what it compares with: a merge in the same dictionary, so with the same `symbols` object. */
export interface ComparedOptions extends ViewOptions {
  readonly base?: MergedProfile | undefined
}

const regexParameters = {
  focus: 'focus',
  ignore: 'ignore',
  hide: 'hide',
  show: 'show',
  showFrom: 'show_from',
  pruneFrom: 'prune_from',
  tagShow: 'tagshow',
  tagHide: 'taghide',
  peek: 'peek',
  list: 'list',
} as const satisfies Partial<Record<keyof ViewOptions, string>>

/** Throws a ViewOptionError for a regular expression, a tag filter or a path that cannot be read. */
export function checkViewOptions(options: ViewOptions): void {
  for (const [option, parameter] of Object.entries(regexParameters)) {
    optionRegex(parameter, options[option as keyof typeof regexParameters])
  }
  tagFilter('tagfocus', options.tagFocus)
  tagFilter('tagignore', options.tagIgnore)
  const { path } = options
  if (path !== undefined && !/^[0-9a-f]{16}$/.test(path))
    throw new ViewOptionError('path', `${JSON.stringify(path)}, want 16 hex digits`)
}
