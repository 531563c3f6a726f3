/** What is let through, made once from the flags. */
export interface RequestRules {
  /** Whole paths, with what parameters each takes. */
  readonly paths: ReadonlyMap<string, ReadonlyMap<string, ParameterRule>>
  /** All of them in one line. */
  readonly summary: string
}

interface ParameterRule {
  readonly accepts: (value: string) => boolean
  readonly wanted: string
}

export interface AskedFor {
  readonly method: string
  /** As it was sent: nothing is decoded, so that nobody can decode it differently. */
  readonly path: string
  /** Without `?`. */
  readonly query: string
  readonly hasBody: boolean
}

export type Ruling =
  | {
      /** Path and query to ask the program for. */
      readonly target: string
      /** How long the profile may be taken for. */
      readonly seconds: number
    }
  | { readonly status: 400 | 403; readonly problem: string }

/** The profiles of Go's net/http/pprof. Not its `cmdline`, which may hold secrets, nor its index and `symbol`. */
export const pprofNames = [
  'allocs',
  'block',
  'goroutine',
  'heap',
  'mutex',
  'profile',
  'threadcreate',
  'trace',
] as const

/** The longest profile that may be asked for. */
export const maxSeconds = 3600

const pprofParameters: ReadonlyMap<string, ParameterRule> = new Map([
  ['debug', { accepts: (value) => /^[0-2]$/.test(value), wanted: '0, 1 or 2' }],
  ['gc', { accepts: (value) => /^[01]$/.test(value), wanted: '0 or 1' }],
  ['seconds', { accepts: isDuration, wanted: `more than 0, at most ${maxSeconds}` }],
])
/** fgprof and its like also say what they answer with. */
const ownParameters: ReadonlyMap<string, ParameterRule> = new Map([
  ...pprofParameters,
  ['format', { accepts: (value) => /^[a-z]{1,20}$/.test(value), wanted: 'a word such as pprof' }],
])

export function createRequestRules(options: {
  /** What goes before every path: `` or `/app`. */
  readonly pathPrefix: string
  /** Below the prefix too, as `conprof.io/<type>.path` is. */
  readonly allowPaths: readonly string[]
}): RequestRules {
  const { pathPrefix, allowPaths } = options
  const own = [...new Set(allowPaths)].map((path) => `${pathPrefix}${path}`)
  const pprof = pprofNames.map((name) => [`${pathPrefix}/debug/pprof/${name}`, pprofParameters] as const)
  const more = own.length === 0 ? '; --allow-path lets more through' : ` and ${own.join(', ')}`
  return {
    paths: new Map([...own.map((path) => [path, ownParameters] as const), ...pprof]),
    summary: `GET and HEAD of ${pathPrefix}/debug/pprof/{${pprofNames.join(',')}}${more}`,
  }
}

/** Decides of one request, from its first line alone. */
export function ruleOn({ paths, summary }: RequestRules, { method, path, query, hasBody }: AskedFor): Ruling {
  const parameters = paths.get(path)
  if (parameters === undefined || (method !== 'GET' && method !== 'HEAD')) {
    return { status: 403, problem: `let through are only ${summary}` }
  }
  if (hasBody) return { status: 400, problem: 'a request with a body is not let through' }
  const given = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    const rule = parameters.get(name)
    if (rule === undefined || given.has(name)) {
      const what = rule === undefined ? 'is not let through' : 'is there more than once'
      return {
        status: 400,
        problem: `parameter ${quote(name)} ${what}: want ${[...parameters.keys()].join(', ')}, each once`,
      }
    }
    if (!rule.accepts(value)) {
      return { status: 400, problem: `parameter ${name}=${quote(value)}: want ${rule.wanted}` }
    }
    given.set(name, value)
  }
  // Written anew: what the program reads is what was looked at.
  const text = [...given].map(([name, value]) => `${name}=${value}`).join('&')
  return {
    target: text === '' ? path : `${path}?${text}`,
    seconds: Number(given.get('seconds') ?? defaultSeconds),
  }
}

/** Of Go's CPU profile, and of fgprof, where none are asked for; the others take no longer. */
const defaultSeconds = 30

/** Reads `--path-prefix`: ``, or one without a slash at its end. Throws a SyntaxError. */
export function parsePathPrefix(text: string): string {
  const prefix = text.replace(/\/+$/, '')
  if (prefix === '') return ''
  const problem = prefix.endsWith('/debug/pprof')
    ? `want what goes before /debug/pprof: ${prefix === '/debug/pprof' ? 'nothing' : prefix.slice(0, -'/debug/pprof'.length)}`
    : pathProblem(prefix)
  if (problem !== undefined) throw new SyntaxError(`path prefix ${JSON.stringify(text)}: ${problem}`)
  return prefix
}

/** Reads one `--allow-path`. Throws a SyntaxError. */
export function parseAllowPath(text: string): string {
  const problem = pathProblem(text)
  if (problem !== undefined) throw new SyntaxError(`allow path ${JSON.stringify(text)}: ${problem}`)
  return text
}

function isDuration(value: string): boolean {
  return /^\d{1,4}(?:\.\d{1,3})?$/.test(value) && Number(value) > 0 && Number(value) <= maxSeconds
}

function pathProblem(text: string): string | undefined {
  if (text.includes('*')) return 'there are no patterns; want each path by itself'
  return text.length <= 512 && /^\/[!-~]+$/.test(text) && !/[?#]/.test(text)
    ? undefined
    : 'want a path that begins with /, such as /debug/fgprof, without ?, # and spaces'
}

/** For a message: what somebody sent, short. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}
