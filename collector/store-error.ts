/**
 * `DISK_FULL`: no room for the log; passes by itself once there is room. `LOCKED`: another process has the
 * folder. `UNWRITABLE`: the log cannot be written, twice in a row. `CLOSED`: the storage is shutting down.
 */
export type StoreErrorCode = 'DISK_FULL' | 'LOCKED' | 'UNWRITABLE' | 'CLOSED'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** Whether an error of the file system says that there is no room, by quota or by size. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOSPC' || code === 'EDQUOT'
}
