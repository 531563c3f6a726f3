import { createHash } from 'node:crypto'
import type { RE2JS } from 're2js'
import { type Labels, sortLabels } from '../../profile/labels.ts'
import { expandTemplate } from './expand-template.ts'
import { compileRelabelRegex, type RelabelRule } from './relabel-rule.ts'

/** Labels in, labels out; undefined where the target is dropped. */
export type Relabel = (labels: Labels) => Labels | undefined

/** Applies the rules in order, with Prometheus's meaning of each action. Compiles every expression once. */
export function createRelabel(rules: readonly RelabelRule[]): Relabel {
  const steps = rules.map((rule) => ({ rule, regex: compileRelabelRegex(rule.regex) }))
  return (labels) => {
    const working = new Map(Object.entries(labels))
    for (const { rule, regex } of steps) if (!apply(rule, regex, working)) return undefined
    return sortLabels(working)
  }
}

/** Changes `labels`; false drops the target. */
function apply(rule: RelabelRule, regex: RE2JS, labels: Map<string, string>): boolean {
  const value = rule.sourceLabels.map((name) => labels.get(name) ?? '').join(rule.separator)
  const set = (name: string, to: string) => {
    if (to === '') labels.delete(name)
    else labels.set(name, to)
  }
  switch (rule.action) {
    case 'keep':
      return regex.matches(value)
    case 'drop':
      return !regex.matches(value)
    case 'keepequal':
      return (labels.get(rule.targetLabel) ?? '') === value
    case 'dropequal':
      return (labels.get(rule.targetLabel) ?? '') !== value
    case 'replace': {
      const match = regex.matcher(value)
      if (!match.matches()) return true
      const target = expandTemplate(rule.targetLabel, match)
      if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(target)) return true
      set(target, expandTemplate(rule.replacement, match))
      return true
    }
    case 'lowercase':
      set(
        rule.targetLabel,
        mapCodePoints(value, (char) => char.toLowerCase()),
      )
      return true
    case 'uppercase':
      set(
        rule.targetLabel,
        mapCodePoints(value, (char) => char.toUpperCase()),
      )
      return true
    case 'hashmod': {
      // The last eight bytes of MD5, as Prometheus takes them: a fleet that shards by both must agree.
      const hash = createHash('md5').update(value).digest().readBigUInt64BE(8)
      labels.set(rule.targetLabel, String(hash % BigInt(rule.modulus)))
      return true
    }
    case 'labelmap':
      // Sorted, as the last one wins where two names map to one.
      for (const [name, old] of [...labels].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const match = regex.matcher(name)
        if (match.matches()) set(expandTemplate(rule.replacement, match), old)
      }
      return true
    case 'labeldrop':
      for (const name of [...labels.keys()]) if (regex.matches(name)) labels.delete(name)
      return true
    case 'labelkeep':
      for (const name of [...labels.keys()]) if (!regex.matches(name)) labels.delete(name)
      return true
  }
}

/** As Go does it, one character to one: ß has no upper case there. */
function mapCodePoints(text: string, map: (char: string) => string): string {
  return Array.from(text, (char) => {
    const mapped = map(char)
    return [...mapped].length === 1 ? mapped : char
  }).join('')
}
