import { z } from 'zod'
import { parseDuration } from '../../lib/duration.ts'
import { celText, matchesPattern, type Rule, withRules } from './cel-rule.ts'

/** Text of at most so many characters, counted as the API server does: by code points. */
export function text(maxLength: number, { minLength = 0 }: { readonly minLength?: number } = {}) {
  const lengths = { ...(minLength > 0 && { minLength }), maxLength }
  return z
    .string()
    .superRefine((self, context) => {
      const length = self.length > maxLength || self.length < 2 * minLength ? [...self].length : self.length
      if (length > maxLength) {
        context.addIssue({ code: 'custom', message: `want at most ${maxLength} characters` })
      }
      if (length < minLength) context.addIssue({ code: 'custom', message: 'must not be empty' })
    })
    .meta(lengths)
}

/** A map of at most so many entries. Rules on its keys are rules of the map: a CRD knows no other way. */
export function mapOf<S extends z.ZodType>(value: S, maxProperties: number) {
  return z
    .record(z.string(), value)
    .superRefine((self, context) => {
      if (Object.keys(self).length <= maxProperties) return
      context.addIssue({ code: 'custom', message: `want at most ${maxProperties} entries` })
    })
    .meta({ maxProperties })
}

/** A list in which nothing may stand twice. */
export function setOf<S extends z.ZodType<string>>(item: S, maxItems: number) {
  return z
    .array(item)
    .max(maxItems)
    .superRefine((self, context) => {
      for (const [index, value] of self.entries()) {
        if (self.indexOf(value) === index) continue
        context.addIssue({ code: 'custom', path: [index], message: 'is there already' })
      }
    })
    .meta({ 'x-kubernetes-list-type': 'set' })
}

/** A list whose items are told apart by one of their fields, so that tools merge it item by item. */
export function listBy<S extends z.ZodObject>(
  key: keyof z.output<S> & string,
  item: S,
  { minItems = 0, maxItems }: { readonly minItems?: number; readonly maxItems: number },
) {
  return z
    .array(item)
    .min(minItems)
    .max(maxItems)
    .superRefine((self, context) => {
      const keys = self.map((entry) => (entry as Record<string, unknown>)[key])
      for (const [index, value] of keys.entries()) {
        if (keys.indexOf(value) === index) continue
        const message = `${key} ${JSON.stringify(value)} is there already`
        context.addIssue({ code: 'custom', path: [index], message })
      }
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] })
}

/** As Prometheus writes it, without days and longer: those no other Kubernetes API takes. */
const durationPattern = '^([0-9]{1,4}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?([0-9]{1,9}ms)?$'
const durationRegex = new RegExp(durationPattern)

export function isDuration(value: string): boolean {
  return value !== '' && durationRegex.test(value)
}

/** CEL that holds where `field` can be given to `duration()`. */
export function celIsDuration(field: string): string {
  return `${field} != '' && ${field}.matches(${celText(durationPattern)})`
}

/** A duration within bounds, as text. */
export function duration(min: string, max: string) {
  const [minMs, maxMs] = [parseDuration(min), parseDuration(max)]
  return withRules(text(32), [
    {
      cel: `${celIsDuration('self')} && duration(self) >= duration('${min}') && duration(self) <= duration('${max}')`,
      holds: (self) => isDuration(self) && parseDuration(self) >= minMs && parseDuration(self) <= maxMs,
      message: `want a duration from ${min} to ${max} with its unit (h, m, s or ms), such as 30s or 1m30s`,
    },
  ])
}

export const dnsLabelPattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'

/** What names of containers, namespaces and the like are. */
export const dnsLabel = withRules(text(63, { minLength: 1 }), [
  matchesPattern(dnsLabelPattern, 'want lower-case letters, digits and -, neither first nor last a -'),
])

export const qualifiedNamePattern =
  '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'

/** The key of a label of a Kubernetes object, such as `app.kubernetes.io/name`. */
export const labelKey = withRules(text(317, { minLength: 1 }), [
  matchesPattern(
    qualifiedNamePattern,
    'is no key of a Kubernetes label: want one such as app or example.com/team',
  ),
])

export const labelValuePattern = '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'

export const labelValue = withRules(text(63), [
  matchesPattern(
    labelValuePattern,
    'is no value of a Kubernetes label: want letters, digits, -, _ and ., first and last a letter or digit',
  ),
])

export const labelNamePattern = '^[a-zA-Z_][a-zA-Z0-9_]*$'

/** A rule on the keys of a map, which names one that breaks it. */
export function keysRule(options: {
  /** With `key` for the key. */
  readonly cel: string
  readonly holds: (key: string) => boolean
  readonly message: string
}): Rule<Record<string, unknown>> {
  const { cel, holds, message } = options
  return {
    cel: `self.all(key, ${cel})`,
    holds: (self) => Object.keys(self).every(holds),
    message: {
      cel: `'"' + self.filter(key, !(${cel}))[0] + '" ' + ${celText(message)}`,
      text: (self) => `"${Object.keys(self).find((key) => !holds(key))}" ${message}`,
    },
  }
}
