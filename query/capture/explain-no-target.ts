import { formatMatchers, type Matcher, matchesLabels } from '../../profile/matcher.ts'
import type { TargetAnswer } from '../api/types.ts'

const shownValues = 5

/** Why nothing that is scraped matches, and which part of the selector is to blame; in one line. */
export function explainNoTarget(matchers: readonly Matcher[], targets: readonly TargetAnswer[]): string {
  const what = `no target matches ${formatMatchers(matchers)}`
  if (targets.length === 0) return `${what}: nothing is scraped`
  const alone = matchers.filter((matcher) => !targets.some(({ labels }) => matchesLabels([matcher], labels)))
  const [never] = alone
  if (never !== undefined) {
    return `${what}: nothing that is scraped has ${formatOne(never)}${hint(never, targets)}`
  }
  let best: { readonly matcher: Matcher; readonly left: readonly TargetAnswer[] } | undefined
  for (const matcher of matchers) {
    const others = matchers.filter((each) => each !== matcher)
    const left = targets.filter(({ labels }) => matchesLabels(others, labels))
    if (left.length > (best?.left.length ?? 0)) best = { matcher, left }
  }
  if (best === undefined) return `${what}: each part matches something, no target matches all of them`
  const { matcher, left } = best
  return `${what}: ${left.length} would without ${formatOne(matcher)}${hint(matcher, left)}`
}

function formatOne(matcher: Matcher): string {
  return formatMatchers([matcher]).slice(1, -1)
}

/** What there is instead. */
function hint({ name, value }: Matcher, targets: readonly TargetAnswer[]): string {
  const counts = new Map<string, number>()
  for (const { labels } of targets) {
    const found = labels[name] ?? ''
    counts.set(found, (counts.get(found) ?? 0) + 1)
  }
  if (counts.size === 1 && counts.has('')) return `: there is no label ${name}`
  const values = [...counts]
    .filter(([found]) => found !== '')
    // What looks like it first, then what is frequent.
    .sort(([a, ofA], [b, ofB]) => likeness(b, value) - likeness(a, value) || ofB - ofA)
    .map(([found]) => JSON.stringify(found))
  const rest = values.length > shownValues ? ` and ${values.length - shownValues} more` : ''
  const allocs = name === 'profile_type' && value === 'allocs' ? '; allocs are taken with heap' : ''
  return `: ${name} is ${values.slice(0, shownValues).join(', ')}${rest}${allocs}`
}

/** How many characters they begin with alike. */
function likeness(a: string, b: string): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}
