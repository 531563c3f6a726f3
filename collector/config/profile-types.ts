import { formatDuration } from '../../lib/duration.ts'
import type { PprofTypeConfig } from './scrape-config.ts'

/** What `pprof_config` says of one type. */
export interface PprofTypeFields {
  readonly enabled?: boolean | undefined
  readonly path?: string | undefined
  readonly seconds?: number | undefined
}

interface KnownType {
  readonly enabled: boolean
  readonly path: string
  readonly seconds?: number
  readonly keepEmpty?: boolean
}

/**
 * The types of Go's net/http/pprof. `allocs` is off because it is the same data as `heap`, from which it is
 * answered; `threadcreate` has been broken in Go for years, and a `trace` is no pprof and large.
 */
export const knownTypes: Readonly<Record<string, KnownType>> = {
  allocs: { enabled: false, path: '/debug/pprof/allocs' },
  block: { enabled: true, path: '/debug/pprof/block', keepEmpty: false },
  cpu: { enabled: true, path: '/debug/pprof/profile', seconds: 10 },
  goroutine: { enabled: true, path: '/debug/pprof/goroutine' },
  heap: { enabled: true, path: '/debug/pprof/heap' },
  mutex: { enabled: true, path: '/debug/pprof/mutex', keepEmpty: false },
  threadcreate: { enabled: false, path: '/debug/pprof/threadcreate' },
  trace: { enabled: false, path: '/debug/pprof/trace', seconds: 1 },
}

/** Between two timed profiles of a target, for the answer's way and the other types. */
export const spareMs = 5000

export type TypeProblem = (path: readonly string[], message: string) => void

/**
 * The types that a job scrapes: the defaults with what `pprof_config` changes, sorted by name. Problems go to
 * `problem` with a path below `pprof_config`.
 */
export function readProfileTypes(
  given: Readonly<Record<string, PprofTypeFields>>,
  options: { readonly prefix: string; readonly problem: TypeProblem },
): PprofTypeConfig[] {
  const { prefix, problem } = options
  const merged = new Map<string, KnownType>(Object.entries(knownTypes))
  for (const [name, fields] of Object.entries(given)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_.-]*$/.test(name)) {
      problem([name], `${JSON.stringify(name)} is no profile type: want letters, digits, _, . and -`)
      continue
    }
    const type = name === 'profile' ? 'cpu' : name
    if (name === 'profile' && given['cpu'] !== undefined) {
      problem([name], 'the same as cpu, which is there already')
      continue
    }
    const known = Object.hasOwn(knownTypes, type) ? knownTypes[type] : undefined
    if (fields.seconds !== undefined && known !== undefined && known.seconds === undefined) {
      problem([name, 'seconds'], `${name} takes no time: with seconds Go answers a difference instead`)
      continue
    }
    if (fields.path !== undefined && !/^\/[^\s?#]*$/.test(fields.path)) {
      problem([name, 'path'], `${JSON.stringify(fields.path)} is no path: want / first, and no ? or #`)
      continue
    }
    const seconds = fields.seconds ?? known?.seconds
    merged.set(type, {
      enabled: fields.enabled ?? known?.enabled ?? true,
      path: fields.path ?? known?.path ?? `/debug/pprof/${type}`,
      ...(seconds !== undefined && { seconds }),
      keepEmpty: known?.keepEmpty ?? true,
    })
  }
  return [...merged]
    .filter(([, { enabled }]) => enabled)
    .map(([type, { path, seconds, keepEmpty = true }]) => ({
      type,
      path: prefix + path,
      ...(seconds !== undefined && { seconds }),
      keepEmpty,
    }))
    .sort((a, b) => (a.type < b.type ? -1 : 1))
}

/** What is wrong where a target's timed profiles, which take turns, do not fit into its interval. */
export function findTooLong(types: readonly PprofTypeConfig[], intervalMs: number): string | undefined {
  const timed = types.filter((type) => type.seconds !== undefined)
  if (timed.length === 0) return undefined
  const neededMs = timed.reduce((sum, { seconds = 0 }) => sum + seconds * 1000, spareMs)
  if (neededMs <= intervalMs) return undefined
  const list = timed.map(({ type, seconds }) => `${type} ${seconds}s`).join(', ')
  return `${list} and ${formatDuration(spareMs)} to spare need ${formatDuration(neededMs)}, more than scrape_interval ${formatDuration(intervalMs)}`
}
