/** From grey to vermilion for more, to blue for less: apart for those who do not tell red from green. */
const neutral = [0xec, 0xec, 0xea] as const
const more = [0xd5, 0x5e, 0x00] as const
const less = [0x00, 0x72, 0xb2] as const

export function nodeColors(share: number): { readonly color: string; readonly fillcolor: string } {
  return { color: mixed(share, 1), fillcolor: mixed(share, 0.35) }
}

export function edgeColor(share: number): string {
  return mixed(share, 1, [0xb0, 0xb0, 0xb0])
}

/** `share` is from -1 to 1. Small shares are told apart too: colours grow faster at first. */
function mixed(share: number, most: number, from: readonly number[] = neutral): string {
  const to = share < 0 ? less : more
  const amount = Math.min(1, Math.abs(share)) ** 0.4 * most
  const channels = to.map((channel, i) => Math.round(from[i]! + (channel - from[i]!) * amount))
  return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}
