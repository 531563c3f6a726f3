import { RE2JS } from 're2js'

/** What the path of a file says. */
export interface PathFacts {
  readonly labels: Readonly<Record<string, string>>
  readonly timeMs?: number
}

export interface PathTemplate {
  readonly text: string
  /** The labels it names, in their order. */
  readonly names: readonly string[]
  /** Compared with the end of a path, part by part between slashes. Undefined where it does not fit. */
  match(path: string): PathFacts | undefined
}

/**
 * Reads a template such as `{job}/{profile_type}/{timeMs}.pb.gz`: `{name}` is the value of a label, `{timeMs}` and
 * `{timeSeconds}` are the time, `*` is anything; none of them goes beyond a slash. Throws a SyntaxError.
 */
export function parsePathTemplate(text: string): PathTemplate {
  const wrong = (seen: string) => new SyntaxError(`path template ${JSON.stringify(text)}: ${seen}`)
  const parts = text.replace(/^\/+/, '').split('/')
  const names: string[] = []
  const patterns = parts.map((part) => {
    if (part === '') throw wrong('nothing between two slashes')
    let pattern = ''
    for (const [piece, name] of part.matchAll(/\{([^{}]*)\}|\*|[^{*]+|\{/g)) {
      if (piece === '*') pattern += '.*'
      else if (name === undefined && piece === '{') throw wrong('a { without }')
      else if (name === undefined) pattern += RE2JS.quote(piece)
      else {
        if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw wrong(`{${name}} is no name of a label`)
        if (names.includes(name)) throw wrong(`{${name}} stands in it twice`)
        names.push(name)
        pattern += isTime(name) ? '([0-9]{1,13})' : '(.+?)'
      }
    }
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  })
  if (names.includes('timeMs') && names.includes('timeSeconds')) {
    throw wrong('{timeMs} and {timeSeconds}, want one of them')
  }
  return {
    text,
    names: names.filter((name) => !isTime(name)),
    match(path) {
      const segments = path.split('/').filter((segment) => segment !== '')
      if (segments.length < patterns.length) return undefined
      const values: string[] = []
      for (const [index, segment] of segments.slice(-patterns.length).entries()) {
        const matcher = patterns[index]!.matcher(segment)
        if (!matcher.matches()) return undefined
        for (let group = 1; group <= matcher.groupCount(); group++) values.push(matcher.group(group) ?? '')
      }
      const labels: Record<string, string> = {}
      let timeMs: number | undefined
      for (const [index, name] of names.entries()) {
        const value = values[index]!
        if (name === 'timeMs') timeMs = Number(value)
        else if (name === 'timeSeconds') timeMs = Number(value) * 1000
        else labels[name] = value
      }
      return timeMs === undefined ? { labels } : { labels, timeMs }
    },
  }
}

function isTime(name: string): boolean {
  return name === 'timeMs' || name === 'timeSeconds'
}
