/** One condition of a selector; `op` is `=`, `!=`, `=~` or `!~`. */
export interface Condition {
  readonly label: string
  readonly op: string
  readonly value: string
}

export function formatSelector(conditions: readonly Condition[]): string {
  return `{${conditions.map(({ label, op, value }) => `${formatLabel(label)}${op}${JSON.stringify(value)}`).join(', ')}}`
}

export function selectorOf(labels: Readonly<Record<string, string>>): string {
  return formatSelector(Object.entries(labels).map(([label, value]) => ({ label, op: '=', value })))
}

/** `value` as the part of an RE2 that matches it and nothing else. */
export function quoteRegex(value: string): string {
  return value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

function formatLabel(label: string): string {
  return /^[A-Za-z_]\w*$/.test(label) ? label : JSON.stringify(label)
}
