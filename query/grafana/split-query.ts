/** `process_cpu:cpu:nanoseconds:cpu:nanoseconds{pod="a"}` in its two parts. Either may be missing. */
export function splitQuery(query: string): { readonly type: string; readonly selector: string } {
  const brace = query.indexOf('{')
  const at = brace < 0 ? query.length : brace
  return { type: query.slice(0, at).trim(), selector: query.slice(at) }
}
