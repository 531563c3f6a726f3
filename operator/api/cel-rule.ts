import type { z } from 'zod'

/**
 * A rule in both its forms: in CEL for the API server, which refuses an object before it is stored, and as a function
 * for objects that were stored before there was the rule. Both say the same of every value; a test with a real API
 * server holds them to it.
 */
export interface Rule<T> {
  /** With `self` for the value. Compiled by the API server, which also bounds what it may cost. */
  readonly cel: string
  readonly holds: (self: T) => boolean
  /** What is wanted; the reader adds where, and what was seen. */
  readonly message: string | { readonly cel: string; readonly text: (self: T) => string }
  /** More about it, where the API server says so by itself: why an expression of CEL could not be computed. */
  readonly cause?: (self: T) => string
  /** Of the field below the value that is to be changed, such as `.tls`. */
  readonly fieldPath?: `.${string}`
}

/** The schema with the rules: zod checks them, and `toStructuralSchema` finds them for the CRD. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  const checked = schema.superRefine((self, context) => {
    for (const rule of rules) {
      if (rule.holds(self)) continue
      context.addIssue({
        code: 'custom',
        message: messageOf(rule, self),
        ...(rule.fieldPath !== undefined && { path: rule.fieldPath.slice(1).split('.') }),
      })
    }
  })
  const earlier = (schema.meta()?.[validationsKey] ?? []) as readonly object[]
  return checked.meta({ ...schema.meta(), [validationsKey]: [...earlier, ...rules.map(toValidation)] })
}

export const validationsKey = 'x-kubernetes-validations'

/** A rule of texts. The pattern has to mean the same in RE2 and in JavaScript. */
export function matchesPattern(pattern: string, message: string): Rule<string> {
  const regex = new RegExp(pattern)
  return { cel: `self.matches(${celText(pattern)})`, holds: (self) => regex.test(self), message }
}

/** A literal of CEL in which nothing has to be escaped. */
export function celText(text: string): string {
  const quote = text.includes("'") ? '"' : "'"
  if (text.includes(quote) || text.includes('\n')) throw new RangeError(`no literal of CEL: ${text}`)
  return `r${quote}${text}${quote}`
}

export function celList(texts: readonly string[]): string {
  return `[${texts.map(celText).join(', ')}]`
}

function messageOf<T>({ message, cause }: Rule<T>, self: T): string {
  const text = typeof message === 'string' ? message : message.text(self)
  return cause === undefined ? text : `${text}: ${cause(self)}`
}

function toValidation(rule: Rule<never>) {
  const { cel, message, fieldPath } = rule
  return {
    rule: cel,
    ...(typeof message === 'string' ? { message } : { messageExpression: message.cel }),
    ...(fieldPath !== undefined && { fieldPath }),
  }
}
