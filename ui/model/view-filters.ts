import type { UrlPatch, UrlState } from './url-state.ts'

/** A filter as the address has it, and as pprof calls it. */
export const filterKinds = [
  { key: 'f', title: 'focus', hint: 'only stacks with a frame that matches' },
  { key: 'i', title: 'ignore', hint: 'no stacks with a frame that matches' },
  { key: 'h', title: 'hide', hint: 'frames that match give way to what they call' },
  { key: 'so', title: 'show', hint: 'no frames but those that match' },
  { key: 'sf', title: 'show from', hint: 'stacks begin at the first frame that matches' },
  { key: 'tf', title: 'tag focus', hint: 'only samples with a tag that matches' },
  { key: 'ti', title: 'tag ignore', hint: 'no samples with a tag that matches' },
] as const

export type FilterKey = (typeof filterKinds)[number]['key']

/** One chip: a filter, or one of the alternatives of its expression. */
export interface FilterChip {
  readonly key: FilterKey
  readonly expression: string
}

/** What several are asked of at once are alternatives; the first frame or stack that matches has them all. */
export function filterChips(url: Pick<UrlState, FilterKey>): FilterChip[] {
  return filterKinds.flatMap(({ key }) =>
    splitAlternatives(url[key]).map((expression) => ({ key, expression })),
  )
}

/** Ignoring and hiding add up; a focus takes the place of the one before, or it would let more through. */
export function addFilter(url: Pick<UrlState, FilterKey>, key: FilterKey, expression: string): UrlPatch {
  const before = splitAlternatives(url[key])
  if (before.includes(expression)) return {}
  const adds = key === 'i' || key === 'h' || key === 'so' || key === 'ti'
  return { [key]: adds ? [...before, expression].join('|') : expression }
}

export function removeFilter(url: Pick<UrlState, FilterKey>, { key, expression }: FilterChip): UrlPatch {
  return {
    [key]: splitAlternatives(url[key])
      .filter((alternative) => alternative !== expression)
      .join('|'),
  }
}

/** The expression that matches exactly this name, in RE2 as in JavaScript. */
export function exactly(name: string): string {
  return `^${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`
}

/** The name that `exactly` was given, else the expression itself: what a person reads. */
export function readableExpression(expression: string): string {
  const plain = /^\^((?:[^\\^$.*+?()[\]{}|]|\\[\\^$.*+?()[\]{}|])*)\$$/.exec(expression)?.[1]
  return plain === undefined ? expression : plain.replaceAll(/\\(.)/g, '$1')
}

/** Alternatives on the top level: a bar within parentheses, brackets or behind a backslash is part of one. */
export function splitAlternatives(expression: string): string[] {
  if (expression === '') return []
  const parts: string[] = []
  let part = ''
  let depth = 0
  let inClass = false
  for (let index = 0; index < expression.length; index++) {
    const letter = expression[index]!
    if (letter === '\\') {
      part += letter + (expression[++index] ?? '')
      continue
    }
    if (inClass) inClass = letter !== ']'
    else if (letter === '[') inClass = true
    else if (letter === '(') depth++
    else if (letter === ')') depth--
    else if (letter === '|' && depth === 0) {
      parts.push(part)
      part = ''
      continue
    }
    part += letter
  }
  parts.push(part)
  return parts.filter((one) => one !== '')
}

export interface FilterPreset {
  readonly title: string
  readonly hint: string
  readonly key: FilterKey
  readonly expression: string
}

/** What is often in the way. Expressions match names of functions and of files. */
export const filterPresets: readonly FilterPreset[] = [
  {
    title: 'Hide Go’s runtime',
    hint: 'scheduler, memory and collector; their time goes to what called them',
    key: 'h',
    expression: '^(runtime|internal/runtime|internal/abi)[./]',
  },
  {
    title: 'Without Go’s garbage collector',
    hint: 'stacks of its background work are left out',
    key: 'i',
    expression: String.raw`^runtime\.(gcBgMarkWorker|bgsweep|bgscavenge)$`,
  },
  {
    title: 'Hide Go’s standard library',
    hint: 'names without a dot before their first slash',
    key: 'h',
    expression:
      '^(bufio|bytes|compress|container|context|crypto|database|encoding|errors|expvar|flag|fmt|hash|html|image|internal|io|log|maps|math|mime|net|os|path|reflect|regexp|runtime|slices|sort|strconv|strings|sync|syscall|text|time|unicode|vendor)[./]',
  },
  {
    title: 'Hide Node.js internals',
    hint: 'files of Node.js itself',
    key: 'h',
    expression: '^node:',
  },
  {
    title: 'Hide packages of npm',
    hint: 'files below node_modules',
    key: 'h',
    expression: 'node_modules/',
  },
  {
    title: 'Hide the Java platform',
    hint: 'java, javax, jdk and sun',
    key: 'h',
    expression: String.raw`^(java|javax|jdk|sun|com\.sun)[./]`,
  },
  {
    title: 'Hide Python’s import machinery',
    hint: 'frozen importlib',
    key: 'h',
    expression: 'frozen importlib',
  },
]
