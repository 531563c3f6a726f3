import { RE2JS } from 're2js'
import type { Labels } from './labels.ts'

export const matchOps = ['=', '!=', '=~', '!~'] as const
export type MatchOp = (typeof matchOps)[number]

/** One `name op "value"` of a selector. An absent label has the value "". */
export interface Matcher {
  readonly name: string
  readonly op: MatchOp
  readonly value: string
  readonly matches: (value: string) => boolean
}

/** Regular expressions are RE2 and anchored at both ends; a bad one is a SyntaxError that quotes it. */
export function createMatcher(name: string, op: MatchOp, value: string): Matcher {
  switch (op) {
    case '=':
      return { name, op, value, matches: (v) => v === value }
    case '!=':
      return { name, op, value, matches: (v) => v !== value }
    case '=~': {
      const test = anchoredRegex(value)
      return { name, op, value, matches: test }
    }
    case '!~': {
      const test = anchoredRegex(value)
      return { name, op, value, matches: (v) => !test(v) }
    }
  }
}

/** A series matches when every matcher does. */
export function matchesLabels(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ''))
}

export function formatMatchers(matchers: readonly Matcher[]): string {
  return `{${matchers.map((m) => `${m.name}${m.op}${JSON.stringify(m.value)}`).join(', ')}}`
}

/** `(?s)^(?:…)$` under RE2: time linear in the input, whatever a user writes. */
export function anchoredRegex(pattern: string): (value: string) => boolean {
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch (error) {
    throw new SyntaxError(`regular expression ${JSON.stringify(pattern)}: ${(error as Error).message}`)
  }
  return (value) => compiled.matches(value)
}
