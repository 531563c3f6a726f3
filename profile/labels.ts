import { createHash } from 'node:crypto'

/**
 * The labels of a series: name to value, names in ascending UTF-16 order, no empty values.
 * An empty value means the label is absent, as in Prometheus. Make them with `sortLabels`.
 */
export type Labels = Readonly<Record<string, string>>

/** Sorts by name and drops empty values, so that equal label sets have equal keys in equal order. */
export function sortLabels(labels: Iterable<readonly [string, string]>): Labels {
  const entries = [...labels].filter(([, value]) => value !== '')
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(entries)
}

/** One string for one label set; 0xff cannot occur in UTF-8, so nothing collides. */
export function labelsKey(labels: Labels): string {
  let key = ''
  for (const name in labels) key += `${name}\u00ff${labels[name]}\u00ff`
  return key
}

/**
 * The first eight bytes of SHA-256 over `name 0xff value 0xff …` in UTF-8, in name order, as 16 hex digits.
 * Part of every profile's public id, so it never changes.
 */
export function labelsHash(labels: Labels): string {
  const hash = createHash('sha256')
  for (const name in labels) {
    hash.update(name).update(separator)
    hash.update(labels[name] ?? '').update(separator)
  }
  return hash.digest('hex').slice(0, 16)
}

const separator = Uint8Array.of(0xff)

/** `<unix ms>-<labels hash>`: the same in the head, in a block and after compaction. */
export function profileId(timeMs: number, labels: Labels): string {
  return `${timeMs}-${labelsHash(labels)}`
}

/** As people write them: `{job="api", profile_type="cpu"}`. */
export function formatLabels(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`
}
