/** Throws a TypeError unless the key can name an object in every kind of bucket. */
export function checkKey(key: string): void {
  const wrong = wrongWithKey(key)
  if (wrong !== undefined) throw new TypeError(`bucket key ${JSON.stringify(key.slice(0, 200))}: ${wrong}`)
}

/** Throws a RangeError for what is no range of bytes. */
export function checkRange(offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`range of ${length} bytes at ${offset}: want whole numbers from 0`)
  }
}

/** Ascending byte order of UTF-8, which is not the order of JavaScript's strings. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function wrongWithKey(key: string): string | undefined {
  if (key === '') return 'empty'
  if (Buffer.byteLength(key) > maxKeyBytes) return `longer than ${maxKeyBytes} bytes`
  if (!key.isWellFormed() || unprintable.test(key)) return 'has characters that are not printable'
  if (key.includes('\\')) return 'has a backslash'
  for (const part of key.split('/')) {
    if (part === '') return 'has a slash at an end or two in a row'
    if (part === '.' || part === '..') return `has the part ${JSON.stringify(part)}`
    if (Buffer.byteLength(part) > maxPartBytes) return `has a part longer than ${maxPartBytes} bytes`
    // The folder bucket keeps its unfinished files there.
    if (part === temporaryFolder) return `has the part ${JSON.stringify(part)}`
  }
  return undefined
}

/** Where a folder bucket keeps what is not whole yet; no key may have such a part. */
export const temporaryFolder = '.conprof-tmp'
const maxKeyBytes = 1024
const maxPartBytes = 255
const unprintable = /\p{Cc}/u
