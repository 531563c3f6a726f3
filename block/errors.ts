/** Bytes of a block that cannot be what was written: names block, section, place, seen and wanted. */
export class BlockCorruptError extends Error {
  readonly code = 'BLOCK_CORRUPT'
  readonly block: string

  constructor(block: string, section: string, seen: string, options?: ErrorOptions) {
    super(`read ${section} of block ${block}: ${seen}`, options)
    this.name = 'BlockCorruptError'
    this.block = block
  }
}

/** A block from a newer conprof: a warning in every answer that would have used it. */
export class BlockTooNewError extends Error {
  readonly code = 'BLOCK_TOO_NEW'
  readonly block: string

  constructor(block: string, version: number, newest: number) {
    super(`read block ${block}: version ${version}, this conprof reads up to ${newest}`)
    this.name = 'BlockTooNewError'
    this.block = block
  }
}

/** Whether an error is about the bytes of a block, and not about how to reach them. */
export function isBlockError(error: unknown): error is BlockCorruptError | BlockTooNewError {
  return error instanceof BlockCorruptError || error instanceof BlockTooNewError
}
