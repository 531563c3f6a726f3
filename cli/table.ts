/** Columns as wide as their widest cell; those of numbers, whose titles begin with a space, to the right. */
export function formatTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) =>
    Math.max(title.trim().length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        titles[column]!.startsWith(' ') ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd()
  return `${[titles.map((title) => title.trim()), ...rows].map(line).join('\n')}\n`
}
