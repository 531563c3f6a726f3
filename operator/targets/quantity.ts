/**
 * The number that a Kubernetes quantity stands for: `500m`, `1.5`, `128Mi`, `1G`, `1e3`. 0 for what is none, as a
 * limit that cannot be read is no limit.
 */
export function readQuantity(text: unknown): number {
  if (typeof text === 'number') return Number.isFinite(text) && text > 0 ? text : 0
  if (typeof text !== 'string' || text.length > 40) return 0
  const [, number, suffix = ''] =
    /^\+?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?$/.exec(text) ?? []
  if (number === undefined) return 0
  const value = /^[eE]./.test(suffix)
    ? Number(number + suffix)
    : Number(number) * (multipliers[suffix as keyof typeof multipliers] ?? 1)
  return Number.isFinite(value) ? value : 0
}

const multipliers = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
} as const
