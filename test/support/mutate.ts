/** Numbers in [0, 1) from a seed (mulberry32), so that a failure can be repeated. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A damaged copy: bits flipped, bytes set to telling values, a stretch removed, repeated or cut off. */
export function mutate(sample: Uint8Array, random: () => number): Uint8Array {
  const pick = (limit: number) => Math.floor(random() * limit)
  // Not slice(): a Buffer's is a view, and the damage would add up.
  let bytes = Uint8Array.from(sample)
  for (let times = 1 + pick(4); times > 0 && bytes.length > 0; times--) {
    const at = pick(bytes.length)
    const length = 1 + pick(Math.min(16, bytes.length - at))
    switch (pick(6)) {
      case 0:
        bytes[at]! ^= 1 << pick(8)
        break
      case 1:
        bytes[at] = telling[pick(telling.length)]!
        break
      case 2:
        bytes.fill(0xff, at, at + length)
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
        break
      default:
        bytes = bytes.subarray(0, at)
    }
  }
  return bytes
}

const telling = [0, 1, 0x7f, 0x80, 0xff, 0xfe]
