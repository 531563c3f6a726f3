import { linkLabels, readDeepLink } from './deep-link.ts'

/** Each page and its path below the prefix. */
export const pagePaths = {
  overview: '',
  explore: 'explore',
  compare: 'compare',
  file: 'file',
  targets: 'targets',
  status: 'status',
} as const
export type Page = keyof typeof pagePaths

export interface Place {
  readonly page: Page
  readonly search: string
}

/**
 * Which page an address shows, `path` being relative to the prefix. Addresses from before the overview (`/?q=`), and
 * those that other programs make (`/?namespace=`), show the explore page.
 */
export function readPlace(path: string, search: string, nowMs: number): Place {
  const name = path.replace(/\/$/, '')
  const found = (Object.keys(pagePaths) as Page[]).find((page) => pagePaths[page] === name) ?? 'overview'
  if (found !== 'overview' && found !== 'explore') return { page: found, search }
  const keys = new URLSearchParams(search)
  if (exploreKeys.some((key) => keys.has(key))) return { page: 'explore', search }
  const labels = linkLabels.flatMap((label) => [label, `var-${label}`])
  const isLink = found === 'overview' ? [...labels, 'at', 'type', 'from'] : labels
  if (isLink.some((key) => keys.has(key))) return { page: 'explore', search: readDeepLink(search, nowMs) }
  return { page: found, search }
}

/** What of a query string goes along to another page: not what only the page that is left understands. */
export function carriedSearch(search: string, from: Page, to: Page): string {
  if (from === to) return search
  const params = new URLSearchParams(search)
  for (const key of [...params.keys()]) {
    const ofOverview = to === 'overview' && !everywhere.has(key)
    if (ofOverview || ownKeys[from]?.includes(key)) params.delete(key)
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

const exploreKeys = ['q', 'id', 'mfrom']
const everywhere = new Set(['tz', 'refresh'])

/** Keys that mean nothing on other pages. */
const ownKeys: Partial<Readonly<Record<Page, readonly string[]>>> = {
  overview: ['find', 'osort', 'span'],
  compare: ['qa', 'fa', 'ta', 'qb', 'fb', 'tb', 'ida', 'idb'],
  targets: ['health', 'find'],
}
