import { z } from 'zod'
import { parseDuration } from '../../lib/duration.ts'
import { celText, matchesPattern, type Rule, withRules } from './cel-rule.ts'

/** Text of at most so many characters, counted as the API server does: by code points. */
export function text(maxLength: number) {
  return z
    .string()
    .superRefine((self, context) => {
      if (self.length <= maxLength || [...self].length <= maxLength) return
      context.addIssue({ code: 'custom', message: `want at most ${maxLength} characters` })
    })
    .meta({ maxLength })
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

export interface DurationBounds {
  readonly min: string
  readonly max: string
}

/** A duration within bounds, as text. */
export function duration(bounds: DurationBounds) {
  return withRules(text(32), [
    {
      cel: celIsDuration('self', bounds),
      holds: (self) => isDuration(self, bounds),
      message: `want a duration from ${bounds.min} to ${bounds.max} with its unit (h, m, s or ms), such as 30s or 1m30s`,
    },
  ])
}

export function isDuration(value: string, { min, max }: DurationBounds): boolean {
  if (value === '' || !durationRegex.test(value)) return false
  const durationMs = parseDuration(value)
  return durationMs >= parseDuration(min) && durationMs <= parseDuration(max)
}

/** The same in CEL, of a field; where it holds, other rules may give the field to `duration()`. */
export function celIsDuration(field: string, { min, max }: DurationBounds): string {
  return `${field} != '' && ${field}.matches(${celText(durationPattern)}) && duration(${field}) >= duration('${min}') && duration(${field}) <= duration('${max}')`
}

export const dnsLabelPattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'

/** What names of containers, namespaces and the like are. */
export const dnsLabel = withRules(text(63), [
  matchesPattern(dnsLabelPattern, 'want lower-case letters, digits and -, neither first nor last a -'),
])

export const qualifiedNamePattern =
  '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'

/** The key of a label of a Kubernetes object, such as `app.kubernetes.io/name`. */
export const labelKey = withRules(text(317), [
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
