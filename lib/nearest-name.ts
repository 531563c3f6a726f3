/** The known name that was probably meant, for "did you mean"; undefined where none is near. Names of up to 64 characters. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  if (given.length > 64) return undefined
  const near = known
    .map((name) => ({ name, distance: editDistance(name, given) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= Math.max(1, Math.floor(given.length / 4))
    ? near.name
    : undefined
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
