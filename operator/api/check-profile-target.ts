import type { z } from 'zod'
import { type ProfileTargetSpec, profileTargetSpec } from './profile-target.ts'

export type CheckedSpec =
  | { readonly spec: ProfileTargetSpec }
  /** One line each: the field, what was seen, what is wanted. */
  | { readonly problems: readonly string[] }

/** More than these tell nobody anything. */
const maxProblems = 20
const maxShown = 64

/**
 * The rules that the API server checks, once more: an object may have been stored before there was a rule, or by way
 * of a CRD that is older than this operator. Fills in the defaults. Never throws.
 */
export function checkProfileTarget(spec: unknown): CheckedSpec {
  const result = profileTargetSpec.safeParse(spec, { reportInput: true, error: describe })
  if (result.success) return { spec: result.data }
  return { problems: result.error.issues.slice(0, maxProblems).flatMap(problemsOf) }
}

function problemsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${fieldOf([...issue.path, key])}: unknown field`)
  }
  return [`${fieldOf(issue.path)}: ${seen(issue.input)}${issue.message}`]
}

/** As the API server writes it: `spec.endpoints[0].port`. */
function fieldOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => text + (typeof part === 'number' ? `[${part}]` : `.${String(part)}`),
    'spec',
  )
}

function seen(input: unknown): string {
  if (typeof input !== 'string' && typeof input !== 'number' && typeof input !== 'boolean') return ''
  const text = JSON.stringify(input)
  return text.length <= maxShown ? `${text}: ` : `${text.slice(0, maxShown)}…: `
}

/** What zod has no words of ours for. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'missing' : `want ${kinds[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `want ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    case 'too_small':
      return issue.origin === 'array'
        ? `want at least ${issue.minimum} item`
        : `want at least ${issue.minimum}`
    case 'too_big':
      return issue.origin === 'array'
        ? `want at most ${issue.maximum} items`
        : `want at most ${issue.maximum}`
    default:
      return undefined
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}
