/** Columns as wide as they must be; numbers to the right. The last column is not padded. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const lines = [header, ...rows.map((row) => row.map(String))]
  const widths = header.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const isNumber = header.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'))
  return lines
    .map((line) =>
      line
        .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
    .concat('\n')
}
