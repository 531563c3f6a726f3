/** Numbers as people read them; `unit` is pprof's: `nanoseconds`, `bytes`, `count`, … */
export function formatValue(value: number, unit: string): string {
  switch (unit) {
    case 'nanoseconds':
      return formatSeconds(value / 1e9)
    case 'microseconds':
      return formatSeconds(value / 1e6)
    case 'milliseconds':
      return formatSeconds(value / 1e3)
    case 'seconds':
      return formatSeconds(value)
    case 'bytes':
      return formatBytes(value)
    default:
      return formatCount(value)
  }
}

/** 1,536 → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'])
}

/** 12,345 → `12.3 k`; below ten thousand every digit is shown. */
export function formatCount(count: number): string {
  if (Math.abs(count) < 10_000) return trimNumber(count, 2)
  return scaled(count, 1000, ['', 'k', 'M', 'G', 'T', 'P'])
}

/** From `850 ns` to `3 d 4 h`. */
export function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds)
  if (size === 0) return '0 s'
  // What would be rounded to a thousand is one of the next unit.
  if (size < 0.9995e-6) return `${digits(seconds * 1e9)} ns`
  if (size < 0.9995e-3) return `${digits(seconds * 1e6)} µs`
  if (size < 0.9995) return `${digits(seconds * 1e3)} ms`
  if (size < 60) return `${digits(seconds)} s`
  const sign = seconds < 0 ? '-' : ''
  if (size < 3600) return sign + pair(size, 60, 'min', 1, 's')
  if (size < 86_400) return sign + pair(size, 3600, 'h', 60, 'min')
  return sign + pair(size, 86_400, 'd', 3600, 'h')
}

/** 0.1234 → `12.3 %`. What is not nothing never reads as 0 %. */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent === 0) return '0 %'
  if (Math.abs(percent) < 0.01) return '<0.01 %'
  return `${Math.abs(percent) < 1 ? percent.toFixed(2) : Math.abs(percent) < 99.95 ? percent.toFixed(1) : Math.round(percent)} %`
}

/** `2026-11-23 01:02:03`, in UTC or in the browser's zone. */
export function formatTime(ms: number, utc: boolean): string {
  return `${formatDay(ms, utc)} ${formatClock(ms, utc)}`
}

export function formatClock(ms: number, utc: boolean): string {
  const date = new Date(ms)
  const parts = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()]
  return parts.map(two).join(':')
}

export function formatDay(ms: number, utc: boolean): string {
  const date = new Date(ms)
  return utc
    ? `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
    : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** `12 s ago`, `in 5 s`. */
export function formatAgo(ms: number, nowMs: number): string {
  const seconds = Math.round((nowMs - ms) / 1000)
  if (Math.abs(seconds) < 1) return 'now'
  const text = formatSeconds(Math.abs(seconds))
  return seconds > 0 ? `${text} ago` : `in ${text}`
}

/** `1 profile`, `2 profiles`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : nouns}`
}

function scaled(value: number, base: number, names: readonly string[]): string {
  let index = 0
  let rest = value
  // 999.95 would print as 1000, so go on a little before the next unit is reached.
  while (Math.abs(rest) >= base * 0.99995 && index < names.length - 1) {
    rest /= base
    index++
  }
  return `${index === 0 ? trimNumber(rest, 2) : digits(rest)} ${names[index] ?? ''}`.trim()
}

/** Three significant digits, but never fewer than the whole part. */
function digits(value: number): string {
  const size = Math.abs(value)
  return trimNumber(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
}

function trimNumber(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  const [whole = '0', fraction] = trimmed.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

function pair(seconds: number, big: number, bigName: string, small: number, smallName: string): string {
  let count = Math.floor(seconds / big)
  let rest = Math.round((seconds - count * big) / small)
  if (rest * small >= big) {
    count++
    rest = 0
  }
  return rest === 0 ? `${count} ${bigName}` : `${count} ${bigName} ${rest} ${smallName}`
}

function two(part: number): string {
  return String(part).padStart(2, '0')
}
