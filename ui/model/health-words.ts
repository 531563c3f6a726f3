/** What a failed attempt means, as a person would say it. */
export function healthWords(health: string, httpStatus = 0): string {
  const status = httpStatus >= 300 ? ` (HTTP ${httpStatus})` : ''
  return `${words[health] ?? health}${status}`
}

export function isFailure(health: string): boolean {
  return !quiet.has(health)
}

/** Neither good nor bad: nothing was lost. */
const quiet = new Set(['ok', 'empty', 'unknown', 'unsupported'])

const words: Readonly<Record<string, string>> = {
  ok: 'ok',
  unknown: 'not scraped yet',
  empty: 'nothing to keep: the profile was empty',
  unsupported: 'the program does not offer this type',
  busy: 'another profile was being taken',
  refused: 'connection refused',
  'connect-timeout': 'no connection in time',
  timeout: 'no complete answer in time',
  reset: 'the connection broke off',
  tls: 'TLS handshake was refused',
  'mesh-blocked': 'the service mesh let nothing through',
  'http-4xx': 'the program refused the request',
  'http-5xx': 'the program answered with an error',
  'too-large': 'larger than the limit',
  'not-pprof': 'the answer was no pprof profile',
  'disk-full': 'the disk of the collector is full',
}
