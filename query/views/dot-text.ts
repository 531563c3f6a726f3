/** Quoted, with line breaks as Graphviz writes them. */
export function dotText(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

export function attributes(values: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(values).map(
    ([name, value]) => `${name}=${typeof value === 'number' ? value : dotText(value)}`,
  )
  return `[${pairs.join(' ')}]`
}
