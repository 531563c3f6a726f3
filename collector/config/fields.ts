import { z } from 'zod'
import { parseDuration } from '../../lib/duration.ts'
import { nearestName } from '../../lib/nearest-name.ts'

/** One value, given as text, number or boolean; `read` throws a SyntaxError about what it does not like. */
export function scalar<T>(read: (text: string) => T) {
  return z.unknown().transform((input, context): T => {
    const problem = (message: string) => {
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    if (input === undefined || input === null) return problem('missing')
    if (typeof input === 'object') {
      return problem(`want one value, not a ${Array.isArray(input) ? 'list' : 'map'}`)
    }
    try {
      return read(String(input))
    } catch (error) {
      if (error instanceof SyntaxError) return problem(error.message)
      throw error
    }
  })
}

export const text = scalar((value) => value)

export const filledText = scalar((value) => {
  if (value === '') throw new SyntaxError('must not be empty')
  return value
})

export const flag = scalar((value) => {
  if (/^(true|yes|on)$/i.test(value)) return true
  if (/^(false|no|off)$/i.test(value)) return false
  throw new SyntaxError(`want true or false, not ${JSON.stringify(value)}`)
})

/** Milliseconds, more than 0. */
export const duration = scalar((value) => {
  const durationMs = parseDuration(value)
  if (durationMs <= 0) throw new SyntaxError('want more than 0')
  return durationMs
})

export const count = scalar((value) => {
  if (!/^[1-9]\d{0,14}$/.test(value)) {
    throw new SyntaxError(`want a whole number above 0, not ${JSON.stringify(value)}`)
  }
  return Number(value)
})

export const labelName = scalar((value) => {
  if (!isLabelName(value)) {
    throw new SyntaxError(`${JSON.stringify(value)} is no label name: want letters, digits and _`)
  }
  return value
})

export const httpUrl = scalar((value) => {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new SyntaxError(`${JSON.stringify(value)} is no http or https URL`)
  }
  return value
})

export function oneOf<const T extends readonly string[]>(choices: T) {
  return scalar((value): T[number] => {
    const choice = choices.find((c) => c === value.toLowerCase())
    if (choice === undefined) {
      throw new SyntaxError(`${JSON.stringify(value)} is none of ${choices.join(', ')}`)
    }
    return choice
  })
}

export function list<T extends z.ZodType>(item: T) {
  return z.array(item, { error: ({ input }) => wanted('list', input) })
}

export function record<T extends z.ZodType>(item: T) {
  return z.record(z.string(), item, { error: ({ input }) => wanted('map', input) })
}

/** An object in which every unknown key is a problem of its own, each on a line of the message. */
export function fields<T extends z.ZodRawShape>(shape: T, hints: Readonly<Record<string, string>> = {}) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key: string) => unknownField(key, Object.keys(shape), hints)).join('\n')
        : wanted('map', issue.input),
  })
}

export function isLabelName(value: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(value)
}

function wanted(shape: 'list' | 'map', input: unknown): string {
  return input === undefined ? 'missing' : `want a ${shape}, not ${shapeOf(input)}`
}

function shapeOf(input: unknown): string {
  if (Array.isArray(input)) return 'a list'
  if (input === null || input === undefined) return 'nothing'
  return typeof input === 'object' ? 'a map' : JSON.stringify(input)
}

function unknownField(
  key: string,
  known: readonly string[],
  hints: Readonly<Record<string, string>>,
): string {
  const hint = hints[key]
  if (hint !== undefined) return hint
  const near = nearestName(key, known)
  return near === undefined ? 'unknown field' : `unknown field, did you mean ${near}`
}
