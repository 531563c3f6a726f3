/** What is not said, and 0, is as many as others of this protocol draw then. */
export function maxNodesOf(asked: bigint | number | undefined): number {
  const wanted = Number(asked ?? 0)
  return wanted > 0 ? Math.min(wanted, 1_000_000) : 8192
}

/** A call graph of more cannot be read. */
export const maxDotNodes = 100
