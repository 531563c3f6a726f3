import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Attempt } from '../../block/attempt.ts'
import { sortLabels } from '../../profile/labels.ts'

/** Some ms before this midnight the attempts of every run begin, so that cuts meet two days. */
export const midnightMs = Date.UTC(2026, 10, 23)
const firstMs = midnightMs - 1500

/** Real bodies, in a fixed order. */
export function readCorpus(): { path: string; body: Uint8Array }[] {
  const root = fileURLToPath(new URL('../testdata/corpus/', import.meta.url))
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return (
    paths
      .filter((path) => path.endsWith('.pb.gz'))
      .sort()
      .filter((_, i) => i % 3 === 0)
      .map((path) => ({ path, body: readFileSync(`${root}${path}`) }))
      // Many attempts find more than large ones.
      .filter(({ body }, i) => body.length < 20_000 || i % 5 === 0)
  )
}

/** The n-th attempt: parent and child agree on it without talking. Its time tells n. */
export function attemptNumber(n: number, corpus: readonly { path: string; body: Uint8Array }[]): Attempt {
  const { path, body } = corpus[(n * 7) % corpus.length]!
  const [program = '', type = ''] = path.split('/')
  const labels = sortLabels([
    ['job', program],
    ['service_name', program],
    ['profile_type', type],
    ['instance', `${program}-${n % 2}`],
  ])
  const base = { labels, timeMs: firstMs + n, durationMs: 5 }
  if (n % 11 === 0) return { ...base, health: 'timeout', httpStatus: 0 }
  return { ...base, health: 'ok', httpStatus: 200, body: n % 2 === 0 ? body : gunzipSync(body) }
}

export function numberOf(timeMs: number): number {
  return timeMs - firstMs
}

/** A stream of numbers in [0, 1) that a printed seed brings back. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
