import { RE2JS } from 're2js'

export const relabelActions = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const
export type RelabelAction = (typeof relabelActions)[number]

/** One entry of `relabel_configs`, with Prometheus's defaults filled in. */
export interface RelabelRule {
  readonly action: RelabelAction
  readonly sourceLabels: readonly string[]
  readonly separator: string
  /** RE2; `relabel` anchors it at both ends. */
  readonly regex: string
  readonly modulus: number
  readonly targetLabel: string
  readonly replacement: string
}

/** What `relabel_configs` may leave out. */
export type RelabelFields = Partial<RelabelRule>

export const relabelDefaults: RelabelRule = {
  action: 'replace',
  sourceLabels: [],
  separator: ';',
  regex: '(.*)',
  modulus: 0,
  targetLabel: '',
  replacement: '$1',
}

/** Fills in the defaults, or throws a SyntaxError with everything that Prometheus would refuse too. */
export function createRelabelRule(fields: RelabelFields): RelabelRule {
  const rule = { ...relabelDefaults, ...fields }
  const problem = findProblem(rule, fields)
  if (problem !== undefined) throw new SyntaxError(problem)
  return rule
}

/** Throws a SyntaxError that quotes the pattern. */
export function compileRelabelRegex(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, '').replace(/: `.*`$/s, '')
    throw new SyntaxError(`regular expression ${JSON.stringify(pattern)}: ${reason}`)
  }
}

function findProblem(rule: RelabelRule, given: RelabelFields): string | undefined {
  const { action, targetLabel } = rule
  compileRelabelRegex(rule.regex)
  if (action === 'hashmod' && rule.modulus === 0) return 'hashmod needs a modulus above 0'
  if (needsTarget.has(action) && targetLabel === '') return `${action} needs a target_label`
  if (action === 'replace' && !labelTemplate.test(targetLabel)) {
    return `${JSON.stringify(targetLabel)} is no label name or template for target_label`
  }
  if (needsTarget.has(action) && action !== 'replace' && !plainName.test(targetLabel)) {
    return `${JSON.stringify(targetLabel)} is no label name for target_label`
  }
  if (action === 'labelmap' && !labelTemplate.test(rule.replacement)) {
    return `${JSON.stringify(rule.replacement)} is no label name or template for replacement`
  }
  const allowed = allowedFields[action]
  if (allowed !== undefined) {
    const extra = (Object.keys(given) as (keyof RelabelRule)[]).find((name) => !allowed.includes(name))
    if (extra !== undefined) {
      return `${action} takes ${allowed.slice(1).map(snakeCase).join(' and ')}, not ${snakeCase(extra)}`
    }
  }
  return undefined
}

const needsTarget = new Set<RelabelAction>([
  'replace',
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
])
const allowedFields: Partial<Record<RelabelAction, readonly (keyof RelabelRule)[]>> = {
  labeldrop: ['action', 'regex'],
  labelkeep: ['action', 'regex'],
  keepequal: ['action', 'sourceLabels', 'targetLabel'],
  dropequal: ['action', 'sourceLabels', 'targetLabel'],
}
const plainName = /^[a-zA-Z_][a-zA-Z0-9_]*$/
// One letter after a bare $, as more of them are letters of the label to the loop: with two ways to read each, a long
// text that is none would take for ever.
const labelTemplate = /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w))(?:\w|\$(?:\{\w+\}|\w))*$/

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
