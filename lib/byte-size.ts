/** Bytes of a size as Prometheus writes it: `512MB`, `10GB`, `1.5TiB`; powers of 1024. Throws a SyntaxError. */
export function parseByteSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGTPE]?)i?B?$/i.exec(text.trim()) ?? []
  const sizeBytes = Math.round(Number(number) * 1024 ** ' KMGTPE'.indexOf((unit || ' ').toUpperCase()))
  if (number === undefined || !Number.isSafeInteger(sizeBytes)) {
    throw new SyntaxError(
      `size ${JSON.stringify(text)}: want a number with a unit from B to EB, such as 10GB`,
    )
  }
  return sizeBytes
}

/** For people: three digits and a unit. */
export function formatByteSize(sizeBytes: number): string {
  const power = sizeBytes < 1 ? 0 : Math.min(6, Math.floor(Math.log2(sizeBytes) / 10))
  const number = sizeBytes / 1024 ** power
  const digits = power === 0 || number >= 100 ? 0 : number >= 10 ? 1 : 2
  return `${number.toFixed(digits)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'][power]}`
}
