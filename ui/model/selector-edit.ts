import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { type Condition, formatSelector } from './selector-format.ts'

/** One matcher of a selector and where it stands in the text. */
export interface PlacedMatcher extends Condition {
  readonly from: number
  readonly to: number
}

/** The matchers of a selector in order; undefined where the text is no selector. */
export function readMatchers(text: string): PlacedMatcher[] | undefined {
  if (text.trim() === '') return []
  const tree = parser.parse(text)
  const cursor = tree.cursor()
  do if (cursor.type.isError) return undefined
  while (cursor.next())
  const selector = tree.topNode.firstChild
  if (selector?.name !== 'VectorSelector' || selector.nextSibling !== null) return undefined
  const matchers: PlacedMatcher[] = []
  const name = selector.getChild('Identifier')
  if (name !== null) {
    matchers.push({ label: profileType, op: '=', value: cut(text, name), from: name.from, to: name.to })
  }
  for (let node = selector.getChild('LabelMatchers')?.firstChild ?? null; node; node = node.nextSibling) {
    const label = node.getChild('LabelName') ?? node.getChild('QuotedLabelName')
    const op = node.getChild('MatchOp')
    const value = node.getChild('StringLiteral')
    if (label === null || op === null || value === null) continue
    const shown = cut(text, label)
    matchers.push({
      label: /^["'`]/.test(shown) ? unquote(shown) : shown,
      op: cut(text, op),
      value: unquote(cut(text, value)),
      from: node.from,
      to: node.to,
    })
  }
  return matchers
}

/**
 * The selector with `label="value"` in place of all it said about that label; without `value` the label is
 * dropped. A text that is no selector is replaced.
 */
export function withMatcher(text: string, label: string, value: string | undefined): string {
  const kept: Condition[] = []
  let placed = value === undefined
  for (const matcher of readMatchers(text) ?? []) {
    if (matcher.label !== label) kept.push(matcher)
    else if (!placed) {
      kept.push({ label, op: '=', value: value ?? '' })
      placed = true
    }
  }
  if (!placed) kept.push({ label, op: '=', value: value ?? '' })
  return formatSelector(kept)
}

/** The value of the only `=` matcher of a label; undefined where the selector leaves it open. */
export function chosenValue(text: string, label: string): string | undefined {
  const about = (readMatchers(text) ?? []).filter((matcher) => matcher.label === label)
  return about.length === 1 && about[0]!.op === '=' ? about[0]!.value : undefined
}

/** Where the cursor is, so that an editor knows what to offer. */
export type SelectorSpot =
  | { readonly kind: 'name'; readonly from: number; readonly to: number }
  | {
      readonly kind: 'value'
      readonly label: string
      readonly from: number
      readonly to: number
      readonly quoted: boolean
    }
  | { readonly kind: 'none' }

/** What could be completed at `position`. Reads backwards, because a half-typed selector has no sound tree. */
export function spotAt(text: string, position: number): SelectorSpot {
  const before = text.slice(0, position)
  const open = before.lastIndexOf('{')
  if (open < 0 || before.lastIndexOf('}') > open) return { kind: 'none' }
  const inside = before.slice(open + 1)
  const value = /([A-Za-z_][\w.]*|"(?:[^"\\]|\\.)*")\s*(?:=~|!~|!=|=)\s*(["'`]?)((?:[^"'`\\,{}]|\\.)*)$/.exec(
    inside,
  )
  // A value is only open while an odd number of quotes stands before the cursor.
  if (value !== null && (value[2] !== '' || !/\s/.test(value[3] ?? ''))) {
    const label = value[1]!.startsWith('"') ? unquote(value[1]!) : value[1]!
    const from = position - (value[3] ?? '').length
    const rest = /^(?:[^"'`\\,{}]|\\.)*/.exec(text.slice(position))?.[0] ?? ''
    return { kind: 'value', label, from, to: position + rest.length, quoted: value[2] !== '' }
  }
  const name = /(?:^|,)\s*([A-Za-z_]?\w*)$/.exec(inside)
  if (name === null) return { kind: 'none' }
  const rest = /^\w*/.exec(text.slice(position))?.[0] ?? ''
  return { kind: 'name', from: position - (name[1] ?? '').length, to: position + rest.length }
}

/** The selector without what is being typed at `position`, to ask which values the rest leaves. */
export function othersAt(text: string, position: number): string {
  const spot = spotAt(text, position)
  const open = text.lastIndexOf('{', position - 1)
  if (spot.kind === 'none' || open < 0) return '{}'
  const start = Math.max(text.lastIndexOf(',', spot.from - 1), open)
  const head = text.slice(open + 1, Math.max(start, open + 1))
  const tail = text
    .slice(spot.to)
    .replace(/^["'`]/, '')
    .replace(/^\s*,/, '')
    .replace(/\}[^}]*$/, '')
  const candidate = `{${[head, tail]
    .map((part) => part.trim().replace(/,$/, ''))
    .filter((part) => part !== '')
    .join(', ')}}`
  return readMatchers(candidate) === undefined ? '{}' : candidate
}

const profileType = 'profile_type'

function cut(text: string, { from, to }: Pick<SyntaxNode, 'from' | 'to'>): string {
  return text.slice(from, to)
}

/** Good enough to show and to send back quoted; the server reads the original text. */
function unquote(literal: string): string {
  const inner = literal.slice(1, -1)
  if (literal.startsWith('`')) return inner
  return inner.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/g, (_all, hex, unicode, single) => {
    if (hex !== undefined || unicode !== undefined)
      return String.fromCharCode(Number.parseInt(hex ?? unicode, 16))
    return escapes[single as string] ?? single
  })
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
}
