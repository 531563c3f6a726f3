import type { ByteSource } from '../block/block-reader.ts'

/**
 * Copies of one block as one: each read goes to the first that can be read, and stays with it from then on. So a
 * block that was uploaded and deleted between two reads is read on in the bucket; copies are equal to the byte.
 */
export function firstReadable(copies: readonly [ByteSource, ...ByteSource[]]): ByteSource {
  const [{ name, sizeBytes }] = copies
  if (copies.length === 1) return copies[0]
  let first = 0
  return {
    name,
    sizeBytes,
    async read(offset, length, options) {
      const problems: Error[] = []
      // Other reads move it meanwhile.
      const start = first
      for (let i = 0; i < copies.length; i++) {
        const at = (start + i) % copies.length
        try {
          const bytes = await copies[at]!.read(offset, length, options)
          first = at
          return bytes
        } catch (error) {
          if (options?.signal?.aborted) throw error
          problems.push(error as Error)
        }
      }
      throw unreadable(problems)
    },
  }
}

/** With the code of the one that is gone, since it may be elsewhere by now, else with that of the last. */
function unreadable(problems: readonly (Error & { readonly code?: unknown })[]): Error {
  const cause = problems.find(({ code }) => code === 'NOT_FOUND') ?? problems.at(-1)!
  const message = [...new Set(problems.map((problem) => problem.message))].join('; ')
  return Object.assign(new Error(message, { cause }), cause.code === undefined ? {} : { code: cause.code })
}
