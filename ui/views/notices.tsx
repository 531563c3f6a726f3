import type { ComponentChildren } from 'preact'
import type { ApiError } from '../api.ts'

/** Something went wrong, and what can be done. */
export function ErrorNotice({
  error,
  children,
}: {
  readonly error: ApiError
  readonly children?: ComponentChildren
}) {
  const unreachable = error.code === 'unreachable'
  return (
    <div class="notice notice-bad" role="alert">
      <strong>{unreachable ? 'Connection lost' : (titles[error.code] ?? 'No answer')}</strong>
      <p>
        {unreachable
          ? 'The server cannot be reached. The page goes on trying; what you see is the last that arrived.'
          : error.message}
      </p>
      {children}
    </div>
  )
}

const titles: Readonly<Record<string, string>> = {
  bad_data: 'The question cannot be read',
  execution: 'No answer to this question',
  timeout: 'This took too long',
  unavailable: 'The server is not ready',
  not_found: 'Not there',
  internal: 'The server failed',
}

export function Warnings({ warnings }: { readonly warnings: readonly string[] }) {
  if (warnings.length === 0) return null
  return (
    <div class="notice notice-warn" role="status">
      <strong>{warnings.length === 1 ? 'A warning' : `${warnings.length} warnings`}</strong>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </div>
  )
}

export function Empty({
  title,
  children,
}: {
  readonly title: string
  readonly children?: ComponentChildren
}) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {what}
    </p>
  )
}
