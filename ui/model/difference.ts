/** What changed from the base (A) to the profile (B), both scaled alike. */
export interface Difference {
  readonly delta: number
  /** Of the larger side, with its sign: -1 is gone, 1 is new. */
  readonly change: number
  readonly kind: 'new' | 'gone' | 'more' | 'less' | 'same'
}

/** Below `noise` a change counts as none. */
export function differenceOf(base: number, value: number, noise = 0): Difference {
  const delta = value - base
  const larger = Math.max(Math.abs(base), Math.abs(value))
  if (larger === 0 || delta === 0 || Math.abs(delta) < noise) return { delta, change: 0, kind: 'same' }
  const change = delta / larger
  if (base === 0) return { delta, change, kind: 'new' }
  if (value === 0) return { delta, change, kind: 'gone' }
  return { delta, change, kind: delta > 0 ? 'more' : 'less' }
}

/** `takes more time`; of memory, `holds more`. */
export function differenceWords({ kind }: Difference, type: string, unit: string): string {
  const verb = verbOf(type, unit)
  switch (kind) {
    case 'new':
      return 'only in B'
    case 'gone':
      return 'only in A'
    case 'same':
      return 'no change'
    case 'more':
      return verb === 'takes' ? 'takes more time' : `${verb} more`
    case 'less':
      return verb === 'takes' ? 'takes less time' : `${verb} less`
  }
}

/** `+12.3 %` of what A has; nothing where A has nothing. */
export function formatChange(base: number, value: number): string {
  if (base === 0) return value === 0 ? '0 %' : 'new'
  const percent = ((value - base) / Math.abs(base)) * 100
  if (percent === -100) return 'gone'
  const digits = Math.abs(percent) < 10 ? 1 : 0
  const text = Math.abs(percent) > 9999 ? '>9,999' : Math.abs(percent).toFixed(digits)
  if (Number(text) === 0) return '0 %'
  return `${percent > 0 ? '+' : '−'}${text} %`
}

function verbOf(type: string, unit: string): 'takes' | 'holds' | 'allocates' | 'has' {
  if (type.startsWith('inuse_')) return 'holds'
  if (type.startsWith('alloc')) return 'allocates'
  if (/seconds$/.test(unit) || type === 'samples') return 'takes'
  return unit === 'bytes' ? 'holds' : 'has'
}
