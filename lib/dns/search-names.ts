export interface ResolvConf {
  readonly search: readonly string[]
  /** A name with at least this many dots is tried as it is first. */
  readonly ndots: number
}

/** What resolv.conf says about short names; Node's own resolver asks for SRV records by full names alone. */
export function parseResolvConf(text: string): ResolvConf {
  let search: readonly string[] = []
  let ndots = 1
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/)
    if (keyword === 'search') search = words
    else if (keyword === 'domain' && words[0] !== undefined) search = [words[0]]
    else if (keyword === 'options') {
      for (const word of words) {
        const [, dots] = /^ndots:(\d{1,2})$/.exec(word) ?? []
        if (dots !== undefined) ndots = Math.min(Number(dots), 15)
      }
    }
  }
  return {
    search: search.map((domain) => domain.replace(/\.$/, '')).filter((domain) => domain !== ''),
    ndots,
  }
}

/** The full names to ask for, in this order, until one is there. One with a dot at its end is full already. */
export function searchNames(name: string, { search, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const longer = search.map((domain) => `${name}.${domain}`)
  const dots = name.split('.').length - 1
  return dots >= ndots ? [name, ...longer] : [...longer, name]
}
