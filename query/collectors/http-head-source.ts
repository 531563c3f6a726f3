import { formatSelector } from '../format-selector.ts'
import { unframeBlocks } from '../frame-blocks.ts'
import type { HeadRequest } from '../head-source.ts'
import type { CollectorClient } from './collector-client.ts'

/** The head of another process, over `GET /api/v1/head`. */
export async function readHttpHead(
  client: CollectorClient,
  url: string,
  request: HeadRequest & { readonly signal: AbortSignal },
): Promise<readonly Uint8Array[]> {
  const { matchers, startMs, endMs, withoutBodies, signal } = request
  const selector = formatSelector(matchers)
  const search = new URLSearchParams({
    ...(selector === '' ? {} : { 'match[]': selector }),
    start: String(startMs / 1000),
    end: String(endMs / 1000),
    without_bodies: String(withoutBodies),
  })
  const { body, headers } = await client.get(`${url}/api/v1/head?${search}`, { signal, maxBytes })
  const warnings = headers['x-conprof-warnings']
  if (warnings !== undefined) request.warn?.(String(warnings))
  return unframeBlocks(body)
}

/** Collectors cut their head before it holds half as much in memory. */
const maxBytes = 256 * 1024 * 1024
