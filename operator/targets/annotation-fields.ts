import type { AnnotationField } from './annotation-reader.ts'
import { maxIntervalMs, maxSeconds, minIntervalMs } from './settings.ts'
import { readShortDuration } from './short-duration.ts'

export const flag: AnnotationField<boolean> = {
  wanted: '"true" or "false"',
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
}

export const scheme: AnnotationField<'http' | 'https'> = {
  wanted: 'http or https',
  parse: (text) => (text === 'http' || text === 'https' ? text : undefined),
}

export const interval: AnnotationField<number> = {
  wanted: 'a duration from 5s to 24h, such as 30s or 1m30s',
  parse(text) {
    const ms = readShortDuration(text)
    return ms !== undefined && ms >= minIntervalMs && ms <= maxIntervalMs ? ms : undefined
  },
}

export const timeout: AnnotationField<number> = {
  wanted: 'a duration up to 24h, such as 10s',
  parse(text) {
    const ms = readShortDuration(text)
    return ms !== undefined && ms > 0 && ms <= maxIntervalMs ? ms : undefined
  },
}

export const seconds: AnnotationField<number> = {
  wanted: `a whole number from 1 to ${maxSeconds}`,
  parse: (text) => (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= maxSeconds ? Number(text) : undefined),
}

export const port: AnnotationField<string> = {
  wanted: 'a number from 1 to 65535 or the name of a port',
  parse: (text) => (isPort(text) ? text : undefined),
}

/** Entries as they are, wrong ones too: each port is a target of its own. */
export const portList: AnnotationField<readonly string[]> = {
  wanted: `up to 8 ports with commas between, each ${port.wanted}`,
  parse: (text) => {
    const ports = entries(text)
    return ports.length >= 1 && ports.length <= 8 ? ports : undefined
  },
}

export const containerList: AnnotationField<readonly string[]> = {
  wanted: 'up to 8 names of containers with commas between',
  parse(text) {
    const names = entries(text)
    const isRight = names.every((name) => name.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(name))
    return isRight && names.length >= 1 && names.length <= 8 ? names : undefined
  },
}

/** Without a slash at the end. */
export const pathPrefix: AnnotationField<string> = {
  wanted: 'what goes before /debug/pprof: a path that starts with /, without ?, #, spaces and ..',
  parse: readPathPrefix,
}

export const path: AnnotationField<string> = {
  wanted: 'a path that starts with /, without ?, # and spaces',
  parse: (text) => (text.length <= 512 && /^\/[^\s?#]*$/.test(text) ? text : undefined),
}

/** A label's value. */
export const label: AnnotationField<string> = {
  wanted: '1 to 128 characters, without spaces around them and control characters',
  parse: (text) =>
    text.length >= 1 && text.length <= 128 && text.trim() === text && !/\p{C}/u.test(text) ? text : undefined,
}

/** `cpu,heap`, `-block`, `all`. */
export const profileList: AnnotationField<readonly string[]> = {
  wanted: 'up to 20 profile types with commas between, such as cpu,heap or -block',
  parse(text) {
    const names = entries(text)
    return names.length >= 1 && names.length <= 20 ? names : undefined
  },
}

export function isPort(text: string): boolean {
  if (/^\d{1,5}$/.test(text)) return Number(text) >= 1 && Number(text) <= 65_535
  return text.length <= 15 && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text) && /[a-z]/.test(text)
}

export function readPathPrefix(text: string): string | undefined {
  if (text === '' || text === '/') return ''
  if (text.length > 256 || !/^\/[^\s?#]*$/.test(text) || text.split('/').includes('..')) return undefined
  return text.endsWith('/') ? text.slice(0, -1) : text
}

function entries(text: string): string[] {
  return [
    ...new Set(
      text
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ''),
    ),
  ]
}
