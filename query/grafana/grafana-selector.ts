import type { Labels } from '../../profile/labels.ts'
import { createMatcher, type Matcher } from '../../profile/matcher.ts'
import { parseSelector } from '../../profile/selector.ts'
import { type ProfileTypeId, parseProfileTypeId, storedTypesOf } from './profile-type-id.ts'
import { idLabelNames, labelOf, serviceLabel, type TypedSeries, withServiceName } from './typed-series.ts'

/** A selector of the protocol, in terms of what is stored. */
export interface GrafanaSelector {
  /**
   * Selectors for the catalog, to be tried until one finds something: a service that no series is labelled with may
   * still be one that `withServiceName` makes up.
   */
  readonly attempts: readonly (readonly Matcher[])[]
  /** Whether a series that was found so is one of those that are meant. */
  readonly matchesSeries: (labels: Labels) => boolean
  /** The same for one of its sample types. */
  readonly matchesType: (series: TypedSeries) => boolean
}

/** `id` narrows it to one profile type. Throws a SelectorError, and a SyntaxError for an id in it that is none. */
export function grafanaSelector(text: string, id?: ProfileTypeId): GrafanaSelector {
  const matchers = parseSelector(text).map(typed)
  const services = matchers.filter(({ name }) => name === serviceLabel)
  const ids = matchers.filter(({ name }) => idLabelNames.includes(name))
  const own = matchers.filter((matcher) => !services.includes(matcher) && !ids.includes(matcher))
  const type = id === undefined ? [] : [typeMatcher(id.name)]
  const stored = [...type, ...ids.flatMap(narrowing), ...own, ...withoutCaptures(own)]
  const widened = [...stored, ...services.flatMap(orAbsent)]
  const isLiteral = services.every(({ op }) => op === '=')
  return {
    attempts: services.length > 0 && isLiteral ? [[...stored, ...services], widened] : [widened],
    matchesSeries: (labels) =>
      services.every((matcher) => matcher.matches(withServiceName(labels)[serviceLabel] ?? '')),
    matchesType: (series) => ids.every((matcher) => matcher.matches(labelOf(series, matcher.name))),
  }
}

/** In variables Grafana writes `<profile type>{…}`, where our own language has a stored profile type before the brace. */
function typed(matcher: Matcher): Matcher {
  const { name, op, value } = matcher
  if (name !== 'profile_type' || op !== '=' || value.split(':').length < 5) return matcher
  return createMatcher('__profile_type__', '=', value)
}

/** Profiles that somebody asked for come beside the scheduled ones of the same process, and would count it twice. */
function withoutCaptures(matchers: readonly Matcher[]): Matcher[] {
  return matchers.some(({ name }) => name === 'capture') ? [] : [createMatcher('capture', '=', '')]
}

function typeMatcher(name: string): Matcher {
  const types = storedTypesOf(name)
  return types.length === 1
    ? createMatcher('profile_type', '=', types[0]!)
    : createMatcher('profile_type', '=~', types.map(quoted).join('|'))
}

/** What is known of stored labels where one of the protocol's own is asked for, so that little is opened. */
function narrowing({ name, op, value }: Matcher): Matcher[] {
  if (op !== '=') return []
  if (name === '__name__') return [typeMatcher(value)]
  return name === '__profile_type__' ? [typeMatcher(parseProfileTypeId(value).name)] : []
}

/** Also series without the label: what they would be called is looked at later. */
function orAbsent(matcher: Matcher): Matcher[] {
  const { name, op, value } = matcher
  if (matcher.matches('')) return [matcher]
  if (op === '!=' || op === '!~') return []
  return [createMatcher(name, '=~', `|${op === '=' ? quoted(value) : `(?:${value})`}`)]
}

function quoted(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
