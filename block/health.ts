/**
 * How a scrape ended, as rows store it: a class's code is its place here.
 * Only ever append; blocks hold the codes for ever.
 */
export const healthClasses = [
  'ok',
  'empty',
  'unsupported',
  'busy',
  'refused',
  'connect-timeout',
  'timeout',
  'reset',
  'tls',
  'mesh-blocked',
  'http-4xx',
  'http-5xx',
  'too-large',
  'not-pprof',
  'disk-full',
] as const

export type HealthClass = (typeof healthClasses)[number]

export function healthCode(health: HealthClass): number {
  return healthClasses.indexOf(health)
}

/** A code from a newer version reads as `not-pprof`'s neighbour would mislead, so it has a name of its own. */
export function healthOfCode(code: number): HealthClass | 'unknown' {
  return healthClasses[code] ?? 'unknown'
}
