import { readFileSync } from 'node:fs'
import type { BuildInfo } from '../lib/metrics.ts'

/** What this program is, from its package.json; the commit only where the image's build wrote it down. */
export function readBuildInfo(): BuildInfo {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version, revision = '' } = JSON.parse(text) as { version: string; revision?: string }
  return { version, revision }
}
