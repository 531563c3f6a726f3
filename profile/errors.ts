/** The bytes are no pprof profile, and the message says where and why. */
export class NotPprofError extends Error {
  readonly code = 'NOT_PPROF'

  constructor(seen: string, options?: ErrorOptions) {
    super(`not a pprof profile: ${seen}`, options)
    this.name = 'NotPprofError'
  }
}
