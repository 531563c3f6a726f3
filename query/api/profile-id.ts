/** A profile's public id, taken apart; undefined for what is none. */
export function parseProfileId(id: string): { readonly timeMs: number; readonly hash: string } | undefined {
  const match = /^(\d{1,15})-([0-9a-f]{16})$/.exec(id)
  return match === null ? undefined : { timeMs: Number(match[1]), hash: match[2]! }
}
