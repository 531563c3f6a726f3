import type { LabelSelector } from '../api/profile-target.ts'

export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean

/** As the API server would match; an empty selector matches everything. Throws a SyntaxError for what it would refuse. */
export function compileLabelSelector(selector: LabelSelector): LabelMatcher {
  const tests: LabelMatcher[] = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]) =>
      (labels) =>
        labelOf(labels, key) === value,
  )
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const wantsValues = operator === 'In' || operator === 'NotIn'
    if (wantsValues !== values.length > 0) {
      throw new SyntaxError(
        `${operator} on ${JSON.stringify(key)} ${wantsValues ? 'needs values' : 'takes no values'}`,
      )
    }
    const set = new Set(values)
    tests.push((labels) => {
      const value = labelOf(labels, key)
      switch (operator) {
        case 'In':
          return value !== undefined && set.has(value)
        case 'NotIn':
          return value === undefined || !set.has(value)
        case 'Exists':
          return value !== undefined
        case 'DoesNotExist':
          return value === undefined
      }
    })
  }
  return (labels) => tests.every((test) => test(labels))
}

function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
