import { readdirSync, readFileSync } from 'node:fs'

/** The first of Prometheus's real profiles of a type, as gzip. */
export function corpusProfile(type: 'cpu' | 'heap' | 'goroutine'): Buffer {
  const folder = new URL(`../testdata/corpus/prometheus/${type}/`, import.meta.url)
  return readFileSync(new URL(readdirSync(folder).sort()[0]!, folder))
}
