/** The bytes of the first ```hex block of a format page: `offset  bytes  text` a line. */
export function hexExample(page: string): Uint8Array {
  const block = /```hex\n([\s\S]*?)```/.exec(page)?.[1]
  if (block === undefined) throw new Error('no ```hex block in the page')
  const hex = block
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(6, 6 + 47).replaceAll(' ', ''))
  return Uint8Array.from(Buffer.from(hex.join(''), 'hex'))
}
