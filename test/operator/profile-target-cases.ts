import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'

/** One ProfileTarget of `testdata/profile-targets/`, and what becomes of it. */
export interface ProfileTargetCase {
  readonly title: string
  /** Undefined where it is missing. */
  readonly spec: Readonly<Record<string, unknown>> | undefined
  /** What the API server says, line by line; none where it takes it. */
  readonly refused: readonly string[]
  /** What our own check says. */
  readonly problems: readonly string[]
}

interface WrittenCase {
  readonly case: string
  readonly spec?: Record<string, unknown> | 'none'
  readonly endpoint?: Record<string, unknown>
  readonly refused?: readonly string[]
  readonly check?: readonly string[]
}

const folder = join(import.meta.dirname, 'testdata', 'profile-targets')

/** All cases. `testdata/profile-targets/README.md` says how they are written. */
export function readProfileTargetCases(): ProfileTargetCase[] {
  return globSync('*.yaml', { cwd: folder })
    .sort()
    .flatMap((file) => {
      const cases = parse(readFileSync(join(folder, file), 'utf8')) as WrittenCase[]
      return cases.map((written) => readCase(basename(file, '.yaml'), written))
    })
}

export function profileTarget(name: string, spec: unknown) {
  return { apiVersion: 'conprof.io/v1alpha1', kind: 'ProfileTarget', metadata: { name }, spec }
}

function readCase(topic: string, written: WrittenCase): ProfileTargetCase {
  const { case: title, spec, endpoint = {}, refused = [], check } = written
  const base = { selector: { matchLabels: { app: 'cart' } }, endpoints: [{ port: 6060, ...endpoint }] }
  return {
    title: `${topic}: ${title}`,
    spec: spec === 'none' ? undefined : withoutNulls({ ...base, ...spec }),
    refused,
    // Where both say the same, only the API server's words for a wrong value are more.
    problems: check ?? refused.map((line) => line.replace(': Invalid value: ', ': ')),
  }
}

/** `null` in a case takes away what each case has. */
function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, below]) => below !== null)
  return Object.fromEntries(kept.map(([key, below]) => [key, withoutNulls(below)])) as T
}
