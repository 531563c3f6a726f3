/**
 * `NOT_FOUND`: no such object. `NO_BUCKET`: no such bucket or folder. `FORBIDDEN`: the store or the file system
 * says no. `READ_ONLY`, `DISK_FULL`: no writing, reading goes on. `REJECTED`: the store does not take this
 * request, and repeating it changes nothing. `UNAVAILABLE`: away, slow or broken, worth a later try.
 */
export type BucketErrorCode =
  | 'NOT_FOUND'
  | 'NO_BUCKET'
  | 'FORBIDDEN'
  | 'READ_ONLY'
  | 'DISK_FULL'
  | 'REJECTED'
  | 'UNAVAILABLE'

export type BucketOperation = 'open' | 'list' | 'get' | 'stat' | 'put' | 'delete'

export class BucketError extends Error {
  override readonly name = 'BucketError'
  readonly code: BucketErrorCode
  readonly operation: BucketOperation
  readonly bucketName: string
  /** The whole key in the store, or the prefix of a listing; empty where it is about the bucket itself. */
  readonly key: string

  /** `seen` says in a few words what happened. */
  constructor(
    code: BucketErrorCode,
    about: { readonly operation: BucketOperation; readonly bucketName: string; readonly key: string },
    options: { readonly seen: string; readonly cause?: unknown },
  ) {
    const subject = about.key === '' ? '' : ` ${JSON.stringify(about.key)}`
    const where = about.key === '' ? '' : prepositions[about.operation]
    super(`${about.operation}${subject}${where} bucket ${about.bucketName}: ${oneLine(options.seen)}`, {
      cause: options.cause,
    })
    this.code = code
    this.operation = about.operation
    this.bucketName = about.bucketName
    this.key = about.key
  }
}

/** Whether an error comes from a bucket with this code. */
export function isBucketError(error: unknown, code?: BucketErrorCode): error is BucketError {
  return error instanceof BucketError && (code === undefined || error.code === code)
}

const prepositions = { open: ' of', list: ' of', get: ' from', stat: ' in', put: ' into', delete: ' from' }

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 500)
}
