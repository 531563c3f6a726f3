import type { Matcher } from '../profile/matcher.ts'

/**
 * The selector that `parseSelector` reads back as the same matchers, whatever is in their names and values; ""
 * for none, which selects everything. Names are quoted too: some are words of the grammar, such as `on`.
 */
export function formatSelector(matchers: readonly Matcher[]): string {
  if (matchers.length === 0) return ''
  return `{${matchers.map(({ name, op, value }) => `${quote(name)}${op}${quote(value)}`).join(',')}}`
}

/** JSON's escapes are among those that `unquote` knows. */
function quote(text: string): string {
  return JSON.stringify(text)
}
