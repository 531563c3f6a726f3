/**
 * Rendezvous hashing (Thaler and Ravishankar, 1996): every target ranks all shards by a hash of both and goes to the
 * highest. A shard more takes 1/(N+1) of the targets from the others; one that goes leaves the rest where they are.
 */
export function chooseShard(keyHash: number, shards: readonly number[]): number | undefined {
  let best: number | undefined
  let bestScore = -1
  for (const shard of shards) {
    const score = mix(keyHash, shard)
    if (score > bestScore || (score === bestScore && shard < best!)) {
      best = shard
      bestScore = score
    }
  }
  return best
}

/** FNV-1a with murmur3's finalizer, 32 bits: FNV alone leaves keys that differ in their last letters close together. */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return finalize(hash)
}

/** The golden ratio spreads the ordinals, which are small numbers next to each other. */
function mix(keyHash: number, shard: number): number {
  return finalize(keyHash ^ finalize(Math.imul(shard + 1, 0x9e3779b1)))
}

function finalize(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
