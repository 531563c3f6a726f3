import type { Registry } from 'prom-client'

/** An answer of the API server that is not 2xx. `code` is the HTTP status in words that callers test. */
export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly code: KubeErrorCode
  readonly status: number
  /** The Status object's `reason`, such as `AlreadyExists`; "" where there was none. */
  readonly reason: string
  /** From `Retry-After`. */
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    facts: {
      readonly code: KubeErrorCode
      readonly status: number
      readonly reason: string
      readonly retryAfterMs?: number
      readonly cause?: unknown
    },
  ) {
    super(message, { cause: facts.cause })
    this.code = facts.code
    this.status = facts.status
    this.reason = facts.reason
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** `UNREACHABLE`: no answer at all. */
export const kubeErrorCodes = [
  'UNREACHABLE',
  'BAD_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'ALREADY_EXISTS',
  'GONE',
  'INVALID',
  'TOO_MANY_REQUESTS',
  'SERVER_ERROR',
] as const
export type KubeErrorCode = (typeof kubeErrorCodes)[number]

export interface KubeRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Absolute, such as `/api/v1/namespaces/shop/pods/cart-0`; already escaped. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  /** `application/json` without it. */
  readonly contentType?: string
  readonly signal?: AbortSignal
  /** For the whole answer; 30 s without it. */
  readonly timeoutMs?: number
}

/** The cluster as seen by one kubeconfig, over connections that all requests share. */
export interface KubeClient {
  /** How messages name the server. */
  readonly server: string
  /** When it last answered something, by `performance.now()`; 5xx and 429 are no answers. -Infinity before. */
  readonly lastAnswerMs: number
  /** Since when it answers without a gap of two minutes or more, by the same clock. */
  readonly answeringSinceMs: number
  /** The parsed answer. Rejects with a KubeError, or with the signal's reason. */
  request<T>(request: KubeRequest): Promise<T>
  /** The body of a watch, as it comes. Ends with the connection. Rejects before the first byte as `request` does. */
  stream(request: KubeRequest): Promise<AsyncIterable<Uint8Array>>
  /** Server-side apply by `conprof-operator`, forced: it owns what it sends. With `resourceVersion` in the object, 409 where that is stale. */
  apply<T>(path: string, object: unknown, options?: { readonly signal?: AbortSignal }): Promise<T>
  close(): Promise<void>
}

export interface KubeClientOptions {
  /** A kubeconfig file; without it `KUBECONFIG`, `~/.kube/config` or the pod's service account, as kubectl does. */
  readonly kubeconfig?: string | undefined
  readonly registry?: Registry
  readonly fieldManager?: string
  readonly userAgent?: string
}
