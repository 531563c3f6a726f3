import type { FlameLayout } from './flame-layout.ts'

/**
 * What a person typed, as a test of names: a part of the name in any case, `/…/` a regular expression,
 * `"…"` the whole name. Undefined where nothing is searched for or the expression cannot be read.
 */
export function nameTest(text: string): ((name: string) => boolean) | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  if (trimmed.length > 2 && trimmed.startsWith('/') && trimmed.endsWith('/')) {
    try {
      const expression = new RegExp(trimmed.slice(1, -1), 'i')
      return (name) => expression.test(name)
    } catch {
      return undefined
    }
  }
  if (trimmed.length > 2 && trimmed.startsWith('"') && trimmed.endsWith('"')) {
    const whole = trimmed.slice(1, -1)
    return (name) => name === whole
  }
  const part = trimmed.toLowerCase()
  return (name) => name.toLowerCase().includes(part)
}

export interface FrameMatches {
  /** 1 where the name matches, by index of `names`. */
  readonly names: Uint8Array
  /** Rows that match, from left to right, callers first. */
  readonly rows: readonly number[]
  /** What they cover, as the layout's widths say; a frame under another match counts once. */
  readonly total: number
}

export function searchFrames(layout: FlameLayout, test: (name: string) => boolean): FrameMatches {
  const names = Uint8Array.from(layout.names, (name) => (test(name) ? 1 : 0))
  const covered = new Uint8Array(layout.name.length)
  const rows: number[] = []
  let total = 0
  for (let row = 0; row < layout.name.length; row++) {
    const above = layout.parent[row]!
    covered[row] = above < 0 ? 0 : covered[above]!
    if (names[layout.name[row]!] !== 1 || layout.rest.has(row)) continue
    rows.push(row)
    if (covered[row] === 0) total += layout.width[row]!
    covered[row] = 1
  }
  rows.sort((a, b) => layout.start[a]! - layout.start[b]! || a - b)
  return { names, rows, total }
}
