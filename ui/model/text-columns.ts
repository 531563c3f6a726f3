/** Lines of a table as plain text: the first `numbers` columns to the right, names after them to the left. */
export function textColumns(rows: readonly (readonly string[])[], numbers: number): string[] {
  const widths = Array.from({ length: numbers }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
}
