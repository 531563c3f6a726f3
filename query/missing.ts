/** The warning of an answer that is not whole; `what` with its verb, such as `block x is`, `pending blocks are`. */
export function missing(what: string, why: unknown): string {
  return `${what} missing from this answer: ${why instanceof Error ? why.message : String(why)}`
}

/** Whether a warning says that something is missing, rather than how the answer was made. */
export function saysMissing(warning: string): boolean {
  return / (is|are) missing from this answer: /.test(warning)
}
