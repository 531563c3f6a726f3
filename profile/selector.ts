import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { createMatcher, type Matcher, type MatchOp, matchOps } from './matcher.ts'
import { unquote } from './unquote.ts'

/** A selector that cannot be read, and where, in UTF-16 units from its beginning. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
  readonly code = 'BAD_SELECTOR'
  readonly from: number
  readonly to: number

  constructor(message: string, position: { readonly from: number; readonly to: number }) {
    super(message)
    this.from = position.from
    this.to = position.to
  }
}

/**
 * Reads a selector in Prometheus's grammar: `{namespace="shop", pod=~"cart-.*"}`.
 * A leading name means the profile type, as in conprof: `heap{job="api"}` is `{profile_type="heap", job="api"}`.
 * Nothing, like `{}`, selects everything. Throws a SelectorError.
 */
export function parseSelector(text: string): Matcher[] {
  if (text.trim() === '') return []
  const tree = parser.parse(text)
  refuseSyntaxErrors(text, tree.topNode)
  const selector = onlySelector(text, tree.topNode)
  const matchers: Matcher[] = []
  const name = selector.getChild('Identifier')
  if (name !== null) matchers.push(createMatcher(profileTypeLabel, '=', slice(text, name)))
  for (let node = selector.getChild('LabelMatchers')?.firstChild ?? null; node; node = node.nextSibling) {
    if (node.name === 'QuotedLabelName') {
      if (matchers.length > 0 && name !== null) {
        throw new SelectorError(`read selector: a second profile type ${slice(text, node)}`, node)
      }
      matchers.push(createMatcher(profileTypeLabel, '=', readString(text, node)))
    } else if (node.name === 'UnquotedLabelMatcher' || node.name === 'QuotedLabelMatcher') {
      matchers.push(readMatcher(text, node))
    }
  }
  return matchers
}

const profileTypeLabel = 'profile_type'

function refuseSyntaxErrors(text: string, top: SyntaxNode): void {
  const cursor = top.cursor()
  do {
    if (!cursor.type.isError) continue
    const { from, to } = cursor
    // The parser marks where it went on; an empty mark means that something is missing there.
    const seen =
      from === to ? (from >= text.length ? 'end' : JSON.stringify(text[from])) : text.slice(from, to)
    const hint =
      /^[A-Za-z0-9_]+$/.test(seen) && text[from - 1]?.match(/[=~]/) ? `: values need quotes, ="${seen}"` : ''
    throw new SelectorError(`read selector: unexpected ${seen} at ${from}${hint}`, { from, to })
  } while (cursor.next())
}

function onlySelector(text: string, top: SyntaxNode): SyntaxNode {
  let selector: SyntaxNode | null = null
  for (let node = top.firstChild; node !== null; node = node.nextSibling) {
    if (node.name === 'LineComment') continue
    if (node.name !== 'VectorSelector' || selector !== null) {
      const { from, to } = node
      throw new SelectorError(
        `read selector: only a label selector such as {job="api"} is understood, not ${describe(node.name)} ${JSON.stringify(slice(text, node))} at ${from}`,
        { from, to },
      )
    }
    selector = node
  }
  if (selector === null) throw new SelectorError('read selector: it is empty', { from: 0, to: text.length })
  return selector
}

function describe(nodeName: string): string {
  switch (nodeName) {
    case 'FunctionCall':
      return 'a function call'
    case 'AggregateExpr':
      return 'an aggregation'
    case 'BinaryExpr':
      return 'an operation'
    case 'MatrixSelector':
    case 'SubqueryExpr':
      return 'a range in brackets'
    case 'OffsetExpr':
    case 'StepInvariantExpr':
      return 'another time'
    default:
      return 'this'
  }
}

function readMatcher(text: string, node: SyntaxNode): Matcher {
  const nameNode = node.firstChild!
  const value = node.getChild('StringLiteral')
  const opNode = node.getChild('MatchOp')
  if (value === null || opNode === null) throw new SelectorError(`read selector: ${slice(text, node)}`, node)
  const name = nameNode.name === 'LabelName' ? slice(text, nameNode) : readString(text, nameNode)
  const op = slice(text, opNode)
  if (!isMatchOp(op)) throw new SelectorError(`read selector: operator ${JSON.stringify(op)}`, opNode)
  try {
    return createMatcher(name, op, readString(text, value))
  } catch (error) {
    if (error instanceof SelectorError) throw error
    throw new SelectorError(`read selector: ${(error as Error).message}`, value)
  }
}

function readString(text: string, node: SyntaxNode): string {
  try {
    return unquote(slice(text, node))
  } catch (error) {
    throw new SelectorError(`read selector: ${(error as Error).message} at ${node.from}`, node)
  }
}

function isMatchOp(op: string): op is MatchOp {
  return (matchOps as readonly string[]).includes(op)
}

function slice(text: string, node: { readonly from: number; readonly to: number }): string {
  return text.slice(node.from, node.to)
}
