/** Understood, but there is nothing to show. */
export class NoViewError extends Error {
  override readonly name = 'NoViewError'
  readonly code = 'NO_VIEW'

  constructor(why: string) {
    super(`show profile: ${why}`)
  }
}
