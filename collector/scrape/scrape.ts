import { request } from 'undici'
import type { Attempt } from '../../block/attempt.ts'
import type { Target } from '../target.ts'
import { type Answer, classify, maxReceivedBytes, type Verdict } from './classify.ts'
import type { HttpClients } from './http-clients.ts'

/** One scrape that ended. */
export interface Scrape extends Verdict {
  readonly attempt: Attempt
  readonly receivedBytes: number
}

/** Fetches a profile once. Rejects only where `signal` aborts; everything else is a verdict. */
export async function scrape(
  target: Target,
  clients: HttpClients,
  options: { readonly signal: AbortSignal; readonly now?: () => number },
): Promise<Scrape> {
  const now = options.now ?? Date.now
  const timeMs = now()
  const start = performance.now()
  const answer = await fetchProfile(target, clients, options.signal)
  options.signal.throwIfAborted()
  const durationMs = performance.now() - start
  const { scheme, keepEmpty, facts } = target
  const isMeshed = facts?.meshRemedy !== undefined
  const verdict = classify(answer, { isPlain: scheme === 'http', keepEmpty, isMeshed })
  const body = 'error' in answer ? undefined : answer.body
  const keepsBody = body !== undefined && (verdict.health === 'ok' || verdict.health === 'not-pprof')
  return {
    ...verdict,
    receivedBytes: body?.length ?? 0,
    attempt: {
      labels: target.labels,
      timeMs,
      durationMs,
      health: verdict.health,
      httpStatus: 'error' in answer ? 0 : answer.status,
      ...(keepsBody && { body }),
      ...(facts?.process !== undefined && { process: facts.process }),
    },
  }
}

async function fetchProfile(target: Target, clients: HttpClients, signal: AbortSignal): Promise<Answer> {
  const timeout = AbortSignal.timeout(target.timeoutMs)
  const start = performance.now()
  let hasBegun = false
  try {
    const { dispatcher, headers } = await clients.prepare(target.http, target)
    const response = await request(target.url, {
      dispatcher,
      headers: {
        ...headers,
        accept: '*/*',
        // A profile is gzip already: middleware that compresses would wrap it once more.
        'accept-encoding': 'identity',
        'user-agent': 'conprof',
      },
      headersTimeout: 0,
      bodyTimeout: 0,
      signal: AbortSignal.any([signal, timeout]),
    })
    hasBegun = true
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > maxReceivedBytes) {
        response.body.destroy()
        return {
          status: response.statusCode,
          headers: response.headers,
          body: new Uint8Array(0),
          isTooLarge: true,
        }
      }
      chunks.push(chunk)
    }
    return {
      status: response.statusCode,
      headers: response.headers,
      body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length),
      isTooLarge: false,
    }
  } catch (error) {
    if (timeout.aborted && !signal.aborted)
      return {
        error: new DOMException(`no whole answer within ${target.timeoutMs / 1000} s`, 'TimeoutError'),
      }
    return { error: error as Error, ...(!hasBegun && { silentMs: performance.now() - start }) }
  }
}
