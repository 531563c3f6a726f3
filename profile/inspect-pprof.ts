import { gunzipSync } from 'node:zlib'
import { NotPprofError } from './errors.ts'
import { ProtobufCursor } from './protobuf-cursor.ts'

/** What a body is, without keeping any of it. */
export type Inspection =
  | { readonly kind: 'pprof'; readonly samples: number; readonly sizeBytes: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'not-pprof'; readonly reason: string }
  | { readonly kind: 'too-large'; readonly reason: string }

/** Inflates (at most `maxInflatedBytes`), walks the top level, counts samples. Sniffs bytes, not headers. */
export function inspectPprof(body: Uint8Array, options: { readonly maxInflatedBytes: number }): Inspection {
  let bytes: Uint8Array
  try {
    bytes = inflatePprof(body, options.maxInflatedBytes)
  } catch (error) {
    const reason = (error as Error).message
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? { kind: 'too-large', reason: `more than ${options.maxInflatedBytes} bytes once inflated` }
      : { kind: 'not-pprof', reason }
  }
  if (bytes.length === 0) return { kind: 'empty' }
  const seen = new Uint32Array(16)
  try {
    const cursor = new ProtobufCursor(bytes)
    while (cursor.field()) {
      const number = cursor.number
      if (number > 15 && !hasKnownFields(seen)) cursor.fail(`field ${number} before any of a profile's`)
      const isMessage = number <= 6 || number === 11
      if (isMessage && cursor.wireType !== 2) cursor.fail(`wire type ${cursor.wireType} of field ${number}`)
      if (number < 16) seen[number]!++
    }
  } catch (error) {
    if (error instanceof NotPprofError) return { kind: 'not-pprof', reason: describe(bytes, error.message) }
    throw error
  }
  if (seen[1] === 0 || seen[6] === 0)
    return { kind: 'not-pprof', reason: describe(bytes, 'no sample types or no strings in it') }
  return seen[2] === 0 ? { kind: 'empty' } : { kind: 'pprof', samples: seen[2]!, sizeBytes: bytes.length }
}

/** The protobuf inside: inflated where it is gzip. Throws where the gzip is broken or too large. */
export function inflatePprof(body: Uint8Array, maxInflatedBytes: number): Uint8Array {
  if (body.length < 2 || body[0] !== 0x1f || body[1] !== 0x8b) return body
  // The last four bytes say how long it is (if they lie, only the buffer is of the wrong size): one buffer, no joining.
  const hint =
    body.length < 18 ? 0 : new DataView(body.buffer, body.byteOffset + body.length - 4, 4).getUint32(0, true)
  const chunkSize = Math.min(Math.max(hint + 1, 1024), maxInflatedBytes, body.length * 40)
  return gunzipSync(body, { maxOutputLength: maxInflatedBytes, chunkSize: Math.max(chunkSize, 64) })
}

function hasKnownFields(seen: Uint32Array): boolean {
  return seen[1]! + seen[2]! + seen[4]! + seen[6]! > 0
}

function describe(bytes: Uint8Array, reason: string): string {
  const start = Buffer.from(bytes.subarray(0, 60)).toString('latin1')
  return /^\s*[<{a-zA-Z-][\x20-\x7e\s]*$/.test(start)
    ? `${reason} (it begins with ${JSON.stringify(start.slice(0, 40))})`
    : reason
}
