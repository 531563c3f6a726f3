/** An order that is not carried out: `BUSY` with others, `STOPPED` for good. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError'
  readonly code: 'BUSY' | 'STOPPED'

  constructor(code: CaptureError['code'], message: string) {
    super(message)
    this.code = code
  }
}
