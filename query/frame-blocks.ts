// The head's answer as it travels: see docs/format/head.md.

/** Each block after its length, a little-endian uint32. */
export function frameBlocks(blocks: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = []
  for (const block of blocks) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** What `frameBlocks` made, taken apart without copying. Throws a RangeError on a length that does not fit. */
export function unframeBlocks(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.length - at - 4
    const length = rest < 0 ? 0 : view.getUint32(at, true)
    if (rest < 0 || length > rest) {
      throw new RangeError(
        `read head at byte ${at}: a block of ${length} bytes, ${Math.max(0, rest)} are left`,
      )
    }
    blocks.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return blocks
}
