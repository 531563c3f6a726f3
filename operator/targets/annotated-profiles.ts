import { knownTypes, type PprofTypeFields, readProfileTypes } from '../../collector/config/profile-types.ts'
import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import { nearestName } from '../../lib/nearest-name.ts'
import * as fields from './annotation-fields.ts'
import type { AnnotationReader, FoundValue, WrongValue } from './annotation-reader.ts'
import { fitProfiles } from './fit-profiles.ts'
import { ownPrefix } from './keep-annotations.ts'
import { quote } from './problem.ts'
import type { TargetSettings } from './settings.ts'

export interface AnnotatedProfiles {
  readonly intervalMs: number
  /** Enabled ones, at most 20, ascending by type. */
  readonly profiles: readonly PprofTypeConfig[]
  /** Of types that have a port of their own. */
  readonly ports: ReadonlyMap<string, FoundValue<string> | WrongValue>
}

export const typeFields = ['enabled', 'path', 'port', 'seconds'] as const

/** Which profiles are scraped how often, by `profiles`, `interval`, `seconds` and `<type>.*`. */
export function readAnnotatedProfiles(reader: AnnotationReader, settings: TargetSettings): AnnotatedProfiles {
  const named = namedTypes(reader, settings)
  const isListed = readList(reader, new Set(named.keys()), settings)
  const forAll = reader.cosmetic(`${ownPrefix}seconds`, fields.seconds)
  const ports = new Map<string, FoundValue<string> | WrongValue>()
  const seconds = new Map<string, FoundValue<number>>()
  const given = new Map<string, PprofTypeFields>()
  for (const type of new Set([
    ...Object.keys(knownTypes),
    ...Object.keys(settings.defaults.profileTypes),
    ...named.keys(),
  ])) {
    /** By the names that it was written with: `profile` is what Go calls `cpu`. */
    const first = <T>(field: (typeof typeFields)[number], read: (key: string) => T | undefined) =>
      (named.get(type) ?? [])
        .map((name) => read(`${ownPrefix}${name}.${field}`))
        .find((value) => value !== undefined)
    const port = first('port', (key) => reader.essential(key, fields.port))
    if (port !== undefined) ports.set(type, port)
    const before = defaultsOf(type, settings)
    const own = first('seconds', (key) => reader.cosmetic(key, fields.seconds))
    const isTimed = before.seconds !== undefined
    if (own !== undefined && !isTimed && Object.hasOwn(knownTypes, type)) {
      reader.problem(own, `${type} takes no time, so it has no seconds; it is ignored`)
    } else if (own !== undefined) seconds.set(type, own)
    else if (forAll !== undefined && isTimed) seconds.set(type, forAll)
    given.set(type, {
      enabled: first('enabled', (key) => reader.cosmetic(key, fields.flag))?.value ?? isListed(type),
      path: first('path', (key) => reader.cosmetic(key, fields.path))?.value ?? before.path,
      seconds: before.seconds,
    })
  }
  const profilesWith = (secondsOf: ReadonlyMap<string, FoundValue<number>>) =>
    readProfileTypes(
      Object.fromEntries(
        [...given].map(([type, own]) => [
          type,
          { ...own, seconds: secondsOf.get(type)?.value ?? own.seconds },
        ]),
      ),
      { prefix: '', problem: () => {} },
    ).slice(0, maxTypes)
  return { ...fitProfiles(reader, { settings, seconds, profilesWith }), ports }
}

/** Types that have a key of their own, with the names they were written with. */
function namedTypes(reader: AnnotationReader, settings: TargetSettings): ReadonlyMap<string, string[]> {
  const named = new Map<string, string[]>()
  for (const { values, place } of reader.sources) {
    for (const key of Object.keys(values).sort()) {
      const [name, field] = splitTypeKey(key) ?? []
      if (name === undefined || !typeFields.some((known) => known === field)) continue
      const type = canonical(name)
      if (
        !isKnown(type, settings) &&
        !reader.sources.some((s) => Object.hasOwn(s.values, `${ownPrefix}${name}.path`))
      ) {
        reader.problem(
          { key, text: values[key] ?? '', place },
          `${unknownType(name, settings)}; it is ignored`,
        )
        continue
      }
      const names = named.get(type) ?? []
      if (!names.includes(name)) named.set(type, [...names, name])
    }
  }
  return named
}

/** What `profiles` says: exactly those, or the default ones without some. */
function readList(
  reader: AnnotationReader,
  named: ReadonlySet<string>,
  settings: TargetSettings,
): (type: string) => boolean {
  const byDefault = (type: string) => defaultsOf(type, settings).enabled ?? named.has(type)
  const list = reader.cosmetic(`${ownPrefix}profiles`, fields.profileList)
  if (list === undefined) return byDefault
  const wanted = new Set<string>()
  const unwanted = new Set<string>()
  for (const entry of list.value) {
    const type = canonical(entry.replace(/^-/, ''))
    if (entry !== 'all' && !isKnown(type, settings) && !named.has(type)) {
      reader.problem({ ...list, text: entry }, `${unknownType(type, settings)}; this entry is ignored`)
    } else (entry.startsWith('-') ? unwanted : wanted).add(type)
  }
  return (type) => {
    if (unwanted.has(type)) return false
    if (wanted.size === 0) return byDefault(type)
    // A trace is no pprof, and large: nobody means it by "all".
    return wanted.has(type) || (wanted.has('all') && type !== 'trace')
  }
}

/** `conprof.io/cpu.seconds` → cpu, seconds; undefined for what is about no type. */
export function splitTypeKey(key: string): readonly [string, string] | undefined {
  if (!key.startsWith(ownPrefix)) return undefined
  const name = key.slice(ownPrefix.length)
  const dot = name.lastIndexOf('.')
  return dot < 1 ? undefined : [name.slice(0, dot), name.slice(dot + 1)]
}

function canonical(name: string): string {
  return name === 'profile' ? 'cpu' : name
}

function isKnown(type: string, settings: TargetSettings): boolean {
  return Object.hasOwn(knownTypes, type) || Object.hasOwn(settings.defaults.profileTypes, type)
}

function defaultsOf(type: string, { defaults }: TargetSettings): PprofTypeFields {
  const known = Object.hasOwn(knownTypes, type) ? knownTypes[type] : undefined
  const set = Object.hasOwn(defaults.profileTypes, type) ? defaults.profileTypes[type] : undefined
  return {
    enabled: set?.enabled ?? known?.enabled ?? (set && true),
    path: set?.path ?? known?.path,
    seconds: set?.seconds ?? known?.seconds,
  }
}

function unknownType(name: string, settings: TargetSettings): string {
  const known = [...Object.keys(knownTypes), ...Object.keys(settings.defaults.profileTypes)].sort()
  const near = otherNames.get(name.toLowerCase()) ?? nearestName(name, known)
  const guess = near === undefined ? `want one of ${known.join(', ')}` : `did you mean ${near}`
  const list = /\s/.test(name) ? ', with commas between' : ''
  const own = isTypeName(name) ? `, or for one of your own set ${ownPrefix}${name}.path` : ''
  return `${quote(name)} is no profile type: ${guess}${list}${own}`
}

function isTypeName(name: string): boolean {
  return name.length <= 63 && /^[a-zA-Z_][a-zA-Z0-9_.-]*$/.test(name)
}

/** What others call them. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['alloc_space', 'heap'],
  ['inuse_space', 'heap'],
  ['mem', 'heap'],
  ['memory', 'heap'],
  ['process_cpu', 'cpu'],
])

/** What a ScrapeConfig takes. */
const maxTypes = 20
