import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml'

export type Path = readonly (string | number)[]

/** What is wrong and where: a path into the document, or an offset where the text itself is broken. */
export interface Problem {
  readonly path: Path
  readonly message: string
  /** Point at the key rather than at its value. */
  readonly atKey?: boolean
}

/** A YAML or JSON text as plain values, which remembers where in the text each of them was. */
export interface LocatedDocument {
  readonly value: unknown
  /** `file:line:column: path: message`. */
  describe(problem: Problem): string
}

/**
 * Generated files are JSON, which parses some hundred times faster than YAML, so that is tried first; places
 * are then found only once something is wrong. Throws a SyntaxError whose message has one line per problem.
 *
 * `scalars: 'source'` leaves the scalars of YAML their source text, for a schema that decides what they are, so
 * that `1.10` stays `1.10`; `'typed'` reads numbers and booleans as YAML does.
 */
export function readDocument(
  text: string,
  file: string,
  { scalars = 'source' }: { readonly scalars?: 'source' | 'typed' } = {},
): LocatedDocument {
  let parsed: ParsedYaml | undefined
  const describe = (problem: Problem) => {
    parsed ??= parseYaml(text, scalars)
    return `${file}:${locate(parsed, problem)}: ${[formatPath(problem.path), problem.message].filter(Boolean).join(': ')}`
  }
  if (/^\s*[{[]/.test(text)) {
    try {
      return { value: JSON.parse(text), describe }
    } catch {
      // Flow style YAML begins the same way.
    }
  }
  parsed = parseYaml(text, scalars)
  const { document, lines } = parsed
  if (document.errors.length > 0) {
    const messages = document.errors.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0])
      return `${file}:${line}:${col}: ${sentence(message)}`
    })
    throw new SyntaxError(messages.join('\n'))
  }
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), describe }
  } catch (error) {
    throw new SyntaxError(`${file}:1:1: ${sentence((error as Error).message)}`)
  }
}

/** `scrape_configs[0].job_name` */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  )
}

interface ParsedYaml {
  readonly document: Document.Parsed
  readonly lines: LineCounter
}

function parseYaml(text: string, scalars: 'source' | 'typed'): ParsedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: scalars === 'source' ? 'failsafe' : 'core',
    merge: true,
    prettyErrors: false,
  })
  if (scalars === 'typed') return { document: document as Document.Parsed, lines }
  visit(document, {
    Scalar(_, node) {
      const isNull = node.type === 'PLAIN' && ['', '~', 'null'].includes(String(node.value))
      if (isNull) node.value = null
    },
  })
  return { document: document as Document.Parsed, lines }
}

function locate({ document, lines }: ParsedYaml, { path, atKey }: Problem): string {
  let offset = rangeStart(document.contents) ?? 0
  let node: unknown = document.contents
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    const isLast = index === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part))
      if (pair === undefined) break
      const keyOffset = rangeStart(pair.key)
      const valueOffset = rangeStart(pair.value)
      offset = (isLast && atKey === true ? keyOffset : (valueOffset ?? keyOffset)) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      offset = rangeStart(node) ?? offset
    } else break
  }
  const { line, col } = lines.linePos(offset)
  return `${line}:${col}`
}

function rangeStart(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

function sentence(message: string): string {
  const line = message.split('\n')[0]!.replace(/[.:]$/, '')
  return line.charAt(0).toLowerCase() + line.slice(1)
}
