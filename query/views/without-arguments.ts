/** Cut at the first parenthesis that opens arguments; Go's receivers go with them, as in pprof. */
export function withoutArguments(name: string): string {
  const bare = name.startsWith('.') ? name.slice(1) : name
  for (const match of bare.matchAll(/\(anonymous namespace\)|operator\(\)|\(/g)) {
    if (match[0] === '(') return bare.slice(0, match.index)
  }
  return bare
}
