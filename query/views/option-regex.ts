import { RE2JS } from 're2js'

/** An option that cannot be read. `parameter` is its name in the API. */
export class ViewOptionError extends Error {
  override readonly name = 'ViewOptionError'
  readonly code = 'BAD_VIEW_OPTION'
  readonly parameter: string

  constructor(parameter: string, why: string, options?: ErrorOptions) {
    super(`parameter ${JSON.stringify(parameter)}: ${why}`, options)
    this.parameter = parameter
  }
}

/** Tries an RE2 anywhere in a text. Undefined where the option is not given, or empty as in pprof. */
export function optionRegex(
  parameter: string,
  pattern: string | undefined,
): ((text: string) => boolean) | undefined {
  if (pattern === undefined || pattern === '') return undefined
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(pattern)
  } catch (error) {
    const why = (error as Error).message
    throw new ViewOptionError(parameter, `regular expression ${JSON.stringify(pattern)}: ${why}`, {
      cause: error,
    })
  }
  return (text) => compiled.test(text)
}
