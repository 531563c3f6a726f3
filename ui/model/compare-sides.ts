import { type ResolvedRange, resolveRange } from './time-range.ts'
import type { UrlPatch, UrlState } from './url-state.ts'

/** A side of a comparison as the address names it. A is the base, "before"; B is what is asked about. */
export type SideChoice =
  | { readonly kind: 'id'; readonly id: string }
  /** The opened file with that number; the newest without one. */
  | { readonly kind: 'file'; readonly number?: number }
  | { readonly kind: 'range'; readonly query: string; readonly from: string; readonly to: string }

export type SideName = 'a' | 'b'

export const hourMs = 3_600_000

/** How far the other side of a preset lies back. */
export const shifts = [
  { title: 'Hour before', ms: hourMs },
  { title: 'Day before', ms: 24 * hourMs },
  { title: 'Week before', ms: 7 * 24 * hourMs },
] as const

/**
 * What a side is. Where the address does not say, B is what was open when somebody came here from the explore page,
 * and A the range that was marked there.
 */
export function sideChoice(url: UrlState, side: SideName): SideChoice | undefined {
  const { id, query, from, to } =
    side === 'a'
      ? { id: url.ida, query: url.qa, from: url.fa, to: url.ta }
      : { id: url.idb, query: url.qb, from: url.fb, to: url.tb }
  if (id === 'file') return { kind: 'file' }
  if (id.startsWith('file-')) return { kind: 'file', number: Number(id.slice('file-'.length)) }
  if (id !== '') return { kind: 'id', id }
  if (query !== '') return { kind: 'range', query, from: from || url.from, to: to || url.to }
  if (side === 'a') {
    return url.bfrom === '' || url.q === undefined
      ? undefined
      : { kind: 'range', query: url.q, from: url.bfrom, to: url.bto }
  }
  if (url.id !== '') return { kind: 'id', id: url.id }
  if (url.q === undefined) return undefined
  if (url.mfrom !== '') return { kind: 'range', query: url.q, from: url.mfrom, to: url.mto }
  return { kind: 'range', query: url.q, from: url.from, to: url.to }
}

/** The keys that make a side what is given. */
export function sidePatch(side: SideName, choice: SideChoice | undefined): UrlPatch {
  const id = choice?.kind === 'id' ? choice.id : choice?.kind === 'file' ? fileId(choice) : ''
  const range = choice?.kind === 'range' ? choice : { query: '', from: '', to: '' }
  return side === 'a'
    ? { ida: id, qa: range.query, fa: range.from, ta: range.to }
    : { idb: id, qb: range.query, fb: range.from, tb: range.to }
}

function fileId({ number }: Extract<SideChoice, { kind: 'file' }>): string {
  return number === undefined ? 'file' : `file-${number}`
}

export function swapPatch(url: UrlState): UrlPatch {
  return { ...sidePatch('a', sideChoice(url, 'b')), ...sidePatch('b', sideChoice(url, 'a')) }
}

/** The same range so long before. */
export function shiftedRange(
  range: Extract<SideChoice, { kind: 'range' }>,
  ms: number,
  options: { readonly nowMs: number; readonly utc: boolean },
): SideChoice {
  const { startMs, endMs } = resolveRange(range, options)
  return { kind: 'range', query: range.query, from: String(startMs - ms), to: String(endMs - ms) }
}

/** What a plot of a side shows: its range with as much around, so that the range can be moved. */
export function plotRange({ startMs, endMs }: ResolvedRange, spanMs: number, nowMs: number): ResolvedRange {
  const middle = (startMs + endMs) / 2
  const start = Math.round(middle - spanMs)
  const end = Math.round(middle + spanMs)
  // What has not happened yet has no dots.
  const late = Math.max(0, end - Math.max(nowMs, endMs))
  return { startMs: start - late, endMs: end - late }
}
