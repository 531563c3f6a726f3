import type { LabelSelector, ProfileTargetSpec } from '../api/profile-target.ts'

/** A selector as `kubectl get pods -l` takes it: `app=cart,tier in (web,api),!canary`; "" for every pod. */
export function describeSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
  })
  return [...equal, ...others].join(',')
}

/** Where a ProfileTarget of namespace `own` looks for pods, in words. */
export function describeWhere(selector: ProfileTargetSpec['namespaceSelector'], own: string): string {
  if (selector === undefined) return `namespace ${JSON.stringify(own)}`
  const { any, matchNames = [], ...labels } = selector
  if (any === true) return 'all namespaces'
  const names = matchNames.map((name) => JSON.stringify(name)).join(', ')
  const named = names === '' ? '' : `namespace${matchNames.length > 1 ? 's' : ''} ${names}`
  const text = describeSelector(labels)
  if (text === '') return named === '' ? `namespace ${JSON.stringify(own)}` : named
  return named === '' ? `namespaces with ${text}` : `${named} with ${text}`
}
