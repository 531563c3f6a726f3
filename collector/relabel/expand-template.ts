import type { Matcher } from 're2js'

/**
 * `$1`, `${1}`, `$name` and `$$` as Go's regexp.Expand reads them: `$1x` is the group named "1x", not group 1
 * and an x; what is no group expands to nothing; a `$` that begins no name stays.
 */
export function expandTemplate(template: string, match: Matcher): string {
  return template.replace(reference, (whole: string, braced?: string, bare?: string) => {
    if (whole === '$$') return '$'
    const name = braced ?? bare
    if (name === undefined) return whole
    if (/^(0|[1-9]\d*)$/.test(name)) {
      const index = Number(name)
      return index <= match.groupCount() ? (match.group(index) ?? '') : ''
    }
    const groups = match.getNamedGroups()
    return Object.hasOwn(groups, name) ? (groups[name] ?? '') : ''
  })
}

const reference = /\$\$|\$\{([\p{L}\p{Nd}_]+)\}|\$([\p{L}\p{Nd}_]+)/gu
