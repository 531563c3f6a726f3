import type { Problem } from './decision.ts'

/** Bounded as an Event's note is, and in one line whatever was written. */
export function createProblem(problem: Problem): Problem {
  const { reason, key, value, note } = problem
  return { reason, key: key.slice(0, 128), value: value.slice(0, 128), note: note.slice(0, 1000) }
}

/** Any value, for a line of text. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 128 ? `${value.slice(0, 127)}…` : value)
}
