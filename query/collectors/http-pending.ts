import { z } from 'zod'
import { formatBlockKey, parseBlockKey } from '../../block/block-key.ts'
import type { ByteSource } from '../../block/block-reader.ts'
import type { PendingBlock } from '../head-source.ts'
import { Patience } from '../patience.ts'
import type { CollectorClient } from './collector-client.ts'
import { readAnswer } from './read-answer.ts'

const pendingAnswer = z.object({
  data: z.object({
    // Collectors of a release before this one do not say it.
    startedMs: z.number().optional(),
    blocks: z.array(
      z.object({
        key: z.string().refine(isWholeKey),
        sizeBytes: z.number().int().positive(),
      }),
    ),
  }),
})

export interface HttpPending {
  readonly blocks: readonly PendingBlock[]
  /** When that process began; undefined where it does not say. */
  readonly startedMs: number | undefined
}

/** The blocks that another process cut, over `GET /api/v1/blocks/pending`; their bytes are read by range. */
export async function listHttpPending(
  client: CollectorClient,
  url: string,
  options: { readonly signal: AbortSignal; readonly patienceMs: () => number },
): Promise<HttpPending> {
  const { body } = await client.get(`${url}/api/v1/blocks/pending`, {
    signal: options.signal,
    maxBytes: 16 * 1024 * 1024,
  })
  const { data } = readAnswer(body, 'its list of pending blocks', pendingAnswer)
  const blocks = data.blocks.map(({ key, sizeBytes }) => ({
    key,
    source: pendingSource(client, `${url}/api/v1/blocks/pending/${key}`, {
      sizeBytes,
      patienceMs: options.patienceMs,
    }),
  }))
  return { blocks, startedMs: data.startedMs }
}

/** It becomes a part of a path, so nothing may be before the day. */
function isWholeKey(key: string): boolean {
  const parsed = parseBlockKey(key)
  return parsed !== undefined && key.length === formatBlockKey(parsed).length
}

function pendingSource(
  client: CollectorClient,
  name: string,
  options: { readonly sizeBytes: number; readonly patienceMs: () => number },
): ByteSource {
  const { sizeBytes } = options
  return {
    name,
    sizeBytes,
    async read(offset, length, { signal } = {}) {
      const last = Math.min(offset + length, sizeBytes) - 1
      if (last < offset) return new Uint8Array(0)
      using patience = new Patience(signal, options.patienceMs())
      const { body } = await client.get(name, {
        signal: patience.signal,
        maxBytes: last - offset + 1,
        wantedStatus: 206,
        headers: { range: `bytes=${offset}-${last}` },
      })
      return body
    },
  }
}
