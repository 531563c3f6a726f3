import type { BucketErrorCode } from './errors.ts'

interface SdkError {
  readonly name?: string
  readonly message?: string
  readonly code?: unknown
  readonly errors?: readonly unknown[]
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** What an error of the SDK or of the network means for a caller, and a few words for people. */
export function explainS3Error(thrown: unknown): { readonly code: BucketErrorCode; readonly seen: string } {
  // A name with several addresses fails with one error for each and no message of its own.
  const error = (thrown instanceof AggregateError ? thrown.errors[0] : thrown) as SdkError
  const name = error.name ?? ''
  const status = error.$metadata?.httpStatusCode
  const code = codeOf(name, status)
  if (status !== undefined && status >= 300) return { code, seen: answer(status, name, error.message ?? '') }
  const message = error.message || String(error.code ?? name)
  if (name.includes('Credentials')) return { code: 'FORBIDDEN', seen: `no credentials: ${message}` }
  if (message === 'Region is missing') {
    return { code: 'REJECTED', seen: 'no region: want "region" in the config or AWS_REGION' }
  }
  return { code: 'UNAVAILABLE', seen: message }
}

function codeOf(name: string, status: number | undefined): BucketErrorCode {
  if (name === 'NoSuchBucket') return 'NO_BUCKET'
  // What versitygw answers to an access key that it does not know.
  if (name === 'XAdminUserNotFound') return 'FORBIDDEN'
  if (name === 'NoSuchKey' || status === 404) return 'NOT_FOUND'
  if (status === 401 || status === 403) return 'FORBIDDEN'
  if (name === 'SlowDown' || name === 'RequestTimeout' || status === undefined) return 'UNAVAILABLE'
  if (status === 408 || status === 429) return 'UNAVAILABLE'
  if (status < 500 || status === 501) return 'REJECTED'
  return 'UNAVAILABLE'
}

function answer(status: number, name: string, message: string): string {
  const known = /^(Unknown|UnknownError|NotFound|\d+|Error)$/.test(name) ? '' : ` ${name}`
  const said = /^(Unknown|UnknownError)?$/.test(message) ? '' : `: ${message.replace(/\.$/, '')}`
  const hint = status === 301 ? ' (is the bucket in another region?)' : ''
  return `the store answered ${status}${known}${said}${hint}`
}
