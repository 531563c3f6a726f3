import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { formatDuration, parseDuration } from '../lib/duration.ts'
import { type LocatedDocument, readDocument } from '../lib/located-document.ts'
import { nearestName } from '../lib/nearest-name.ts'
import type { Matcher } from '../profile/matcher.ts'
import { parseSelector } from '../profile/selector.ts'
import type { RetentionRule, ThinningRule } from './policy.ts'

/** `--storage.policy-file`: what of the stored profiles stays, and for how long. */
export interface PolicyFile {
  readonly retention: readonly RetentionRule[]
  readonly thinning: readonly ThinningRule[]
}

export const noPolicyFile: PolicyFile = { retention: [], thinning: [] }

/** Someone wrote a file that cannot be used; one line per problem, `file:line:column: path: what is wrong`. */
export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError'
  readonly code = 'BAD_CONFIG'
}

/** Throws a PolicyFileError with every problem in it, or says why the file cannot be read. */
export async function readPolicyFile(path: string): Promise<PolicyFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read policy "${path}": ${error.code ?? error.message}`, { cause: error })
  })
  return parsePolicyFile(text, path)
}

/** Throws a PolicyFileError. */
export function parsePolicyFile(text: string, fileName: string): PolicyFile {
  const document = readLocated(text, fileName)
  const parsed = policyFile.safeParse(document.value ?? {})
  if (!parsed.success) {
    throw new PolicyFileError(parsed.error.issues.flatMap((issue) => describe(document, issue)).join('\n'))
  }
  const { retention, thinning } = parsed.data
  return {
    retention: retention.map(({ match, age }) => ({ match, ageMs: age })),
    thinning: thinning.map(({ match = [], keepEvery, after }) => ({
      match,
      keepEveryMs: keepEvery,
      afterMs: after,
    })),
  }
}

function readLocated(text: string, fileName: string): LocatedDocument {
  try {
    return readDocument(text, fileName)
  } catch (error) {
    throw new PolicyFileError((error as Error).message, { cause: error })
  }
}

function describe(document: LocatedDocument, issue: z.core.$ZodIssue): string[] {
  const path = issue.path as (string | number)[]
  if (issue.code !== 'unrecognized_keys') return [document.describe({ path, message: issue.message })]
  return issue.keys.map((key) => {
    const near = nearestName(key, knownFields)
    const message = near === undefined ? 'unknown field' : `unknown field, did you mean ${near}`
    return document.describe({ path: [...path, key], message, atKey: true })
  })
}

const knownFields = ['retention', 'thinning', 'match', 'age', 'keepEvery', 'after']

/** One value of the file as text; `read` throws an Error about what it does not like. */
function scalar<T>(read: (text: string) => T) {
  return z.unknown().transform((input, context): T => {
    try {
      if (input === undefined || input === null) throw new SyntaxError('missing')
      if (typeof input === 'object') throw new SyntaxError('want one value')
      return read(String(input))
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
      return z.NEVER
    }
  })
}

const selector = scalar((text): readonly Matcher[] => parseSelector(text))

/** As with `--storage.retention.time`, 0 is for ever. */
const age = scalar((text) => {
  const ageMs = parseDuration(text)
  return ageMs === 0 ? Number.POSITIVE_INFINITY : ageMs
})

const after = scalar((text) => parseDuration(text))

const window = scalar((text) => {
  const windowMs = parseDuration(text)
  // A window over midnight would lie in two blocks, which are thinned one by one.
  if (windowMs <= 0 || dayMs % windowMs !== 0) {
    throw new SyntaxError(
      `${JSON.stringify(text)}: want a part of ${formatDuration(dayMs)}, such as 10m or 1h`,
    )
  }
  return windowMs
})

function list<T extends z.ZodRawShape>(shape: T) {
  const rule = z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'want a map'),
  })
  return z
    .array(rule, { error: () => 'want a list' })
    .nullish()
    .transform((rules) => rules ?? [])
}

const policyFile = z.strictObject(
  {
    retention: list({ match: selector, age }),
    thinning: list({
      match: selector.optional(),
      keepEvery: window,
      after,
    }),
  },
  { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'want a map') },
)

const dayMs = 24 * 60 * 60 * 1000
