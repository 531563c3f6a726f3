import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

/** A YAML text as plain values, which remembers where in the text each of them was. */
export interface LocatedYaml {
  readonly value: unknown
  /** Where the text itself is no YAML: `file:line:column: what is wrong`, and no value. */
  readonly problems: readonly string[]
  /** `file:line:column: path: what is wrong`, a line for every unknown key. */
  describe(issue: z.core.$ZodIssue): string[]
}

export function readYaml(text: string, fileName: string): LocatedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${fileName}:${line}:${col}: `
  }
  const problems = [...document.errors, ...document.warnings].map(
    ({ message, pos }) => at(pos[0]) + lowerFirst(message),
  )
  const say = (path: readonly PropertyKey[], message: string, options: { readonly atKey: boolean }) => {
    const where = path.length === 0 ? '' : `${path.join('.')}: `
    return at(findOffset(document.contents, path, options)) + where + message
  }
  return {
    value: problems.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 }),
    problems,
    describe: (issue) => {
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => say([...issue.path, key], 'unknown key', { atKey: true }))
      }
      if (issue.input === undefined && issue.path.length > 0) {
        return [say(issue.path, `missing: ${lowerFirst(issue.message)}`, { atKey: false })]
      }
      return [say(issue.path, lowerFirst(issue.message), { atKey: false })]
    },
  }
}

/** Of the value, or of the nearest thing around it that the text has. */
function findOffset(
  contents: unknown,
  path: readonly PropertyKey[],
  options: { readonly atKey: boolean },
): number {
  let node = contents
  let offset = offsetOf(contents) ?? 0
  for (const [index, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
      if (pair === undefined) break
      const keyOffset = offsetOf(pair.key) ?? offset
      const wantsKey = options.atKey && index === path.length - 1
      offset = wantsKey ? keyOffset : (offsetOf(pair.value) ?? keyOffset)
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      offset = offsetOf(node) ?? offset
    } else break
  }
  return offset
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

function lowerFirst(message: string): string {
  const [line = ''] = message.split('\n')
  return (line.charAt(0).toLowerCase() + line.slice(1)).replace(/\.$/, '')
}
