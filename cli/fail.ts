/** One line on stderr; a stack only for those who debug, since most errors here are a wrong path or port. */
export function fail(error: unknown, options: { readonly debug: boolean }): void {
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(`conprof: ${text.replaceAll('\n', '\n  ')}\n`)
  const isBug = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  if ((options.debug || isBug) && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode = 1
}
