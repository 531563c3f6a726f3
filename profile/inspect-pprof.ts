/** What a body is, without keeping any of it. */
export type Inspection =
  | { readonly kind: 'pprof'; readonly samples: number; readonly sizeBytes: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'not-pprof'; readonly reason: string }
  | { readonly kind: 'too-large'; readonly reason: string }

/** Inflates (at most `maxInflatedBytes`), walks the top level, counts samples. Sniffs bytes, not headers. */
export function inspectPprof(_body: Uint8Array, _options: { readonly maxInflatedBytes: number }): Inspection {
  throw new Error('being written')
}
