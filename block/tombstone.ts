import { parseBlockKey } from './block-key.ts'

/**
 * An object beside a block that says: deleted. Its being there hides the block from readers, whatever is in it;
 * taking it away brings the block back. The block itself goes later.
 */
export interface Tombstone {
  /** One word, such as `time` or `size`. */
  readonly reason: string
  /** When the block was deleted, in unix ms of whoever did it. */
  readonly atMs: number
  /** The block's. */
  readonly sizeBytes: number
}

/** Where the tombstone of a block lies, whose key below `blocks/` this is; below the prefix that both share. */
export function tombstoneKey(blockKey: string): string {
  return `${tombstonesPrefix}${blockKey}${ending}`
}

/** The key below `blocks/` of the block that a tombstone hides. Undefined for what is no tombstone's key. */
export function tombstonedBlock(key: string): string | undefined {
  const [, blockKey] = /(?:^|\/)deleted\/([^/]+\/[^/]+\.block)\.json$/.exec(key) ?? []
  return blockKey === undefined || parseBlockKey(blockKey) === undefined ? undefined : blockKey
}

export function encodeTombstone({ reason, atMs, sizeBytes }: Tombstone): Uint8Array {
  return Buffer.from(`${JSON.stringify({ reason, atMs, sizeBytes })}\n`)
}

/** What a newer version adds is passed over. Throws a SyntaxError of one line that quotes the key. */
export function decodeTombstone(bytes: Uint8Array, key: string): Tombstone {
  const wrong = (seen: string) => new SyntaxError(`read tombstone ${JSON.stringify(key)}: ${seen}`)
  if (bytes.length > maxTombstoneBytes)
    throw wrong(`${bytes.length} bytes, want ${maxTombstoneBytes} at most`)
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    throw wrong((error as Error).message.replace(/\s+/g, ' '))
  }
  const { reason, atMs, sizeBytes } = Object(value) as Record<string, unknown>
  if (typeof reason !== 'string' || !/^[a-z][a-z0-9-]{0,30}$/.test(reason)) {
    throw wrong(`reason ${quote(reason)}, want a word`)
  }
  if (!isCount(atMs)) throw wrong(`atMs ${quote(atMs)}, want unix ms`)
  if (!isCount(sizeBytes)) throw wrong(`sizeBytes ${quote(sizeBytes)}, want a number of bytes`)
  return { reason, atMs, sizeBytes }
}

/** What every tombstone's key begins with, below the prefix. */
export const tombstonesPrefix = 'deleted/'
/** Nobody need read more of one. */
export const maxTombstoneBytes = 4096
const ending = '.json'

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 100)
}
